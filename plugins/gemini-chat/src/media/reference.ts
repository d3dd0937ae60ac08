import type { h } from 'koishi'
import type { Content, Part } from '../engine/types'

export const mediaKinds = ['image', 'audio', 'video', 'file'] as const

export type MediaKind = typeof mediaKinds[number]

/** A file of a message, by its address. It is stored in the history, and replaced by the bytes for a request. */
export interface Reference {
  kind: MediaKind
  src: string
  name?: string
}

/** A part with a reference. Engines do not know it; `ask` removes it from requests. */
export interface ReferencePart extends Part {
  reference: Reference
}

const types: Record<string, MediaKind> = { img: 'image', image: 'image', audio: 'audio', video: 'video', file: 'file' }

/** Longer addresses contain the file itself (`data:`). */
const MAX_STORED_ADDRESS_CHARS = 2000

/** References to the files in elements, in the order in which the text names them. */
export function referencesOf(elements: h[] = []): ReferencePart[] {
  return elements.flatMap(({ type, attrs, children }) => {
    const kind = types[type]
    if (!kind) return referencesOf(children)
    const src: unknown = attrs.src ?? attrs.url
    if (typeof src !== 'string' || !src) return []
    return [{ reference: { kind, src, ...attrs.title && { name: String(attrs.title) } } }]
  })
}

export function isReference(part: Part): part is ReferencePart {
  return 'reference' in part
}

/** Messages without references, for a request. */
export function withoutReferences(contents: Content[]): Content[] {
  return contents.map(({ role, parts }) => ({ role, parts: parts.filter(part => !isReference(part)) }))
}

/** A question for the history: its text names the files, and short addresses are kept to load them again. */
export function withoutLargeReferences({ role, parts }: Content): Content {
  const isSmall = (part: Part) => !isReference(part) || part.reference.src.length <= MAX_STORED_ADDRESS_CHARS
  return { role, parts: parts.filter(isSmall) }
}
