import { isIP } from 'node:net'
import { isPublicAddress } from 'common/net'
import type { h } from 'koishi'
import type { OutgoingFile } from '../delivery/media-sender'
import { needsStockEncoder } from '../render/elements'

const kinds: Record<string, OutgoingFile['kind']> = { img: 'img', image: 'img', audio: 'audio', video: 'video', file: 'file' }

/** What goes into one message: elements that become Markdown, or a file. */
export type OutgoingPart =
  | { type: 'markdown', elements: h[] }
  | { type: 'file', file: OutgoingFile }

/** Splits elements into what becomes Markdown, and files, which are messages of their own. */
export function partsOf(elements: h[]): OutgoingPart[] {
  const parts: OutgoingPart[] = []
  for (const part of elements.flatMap(split)) {
    const last = parts.at(-1)
    if (part.type === 'markdown' && last?.type === 'markdown') last.elements.push(...part.elements)
    else parts.push(part)
  }
  return parts
}

function split(element: h): OutgoingPart[] {
  const { attrs, children, type } = element
  const kind = kinds[type] as OutgoingFile['kind'] | undefined
  const src = String(attrs.src ?? attrs.url ?? '')
  if (kind && (kind !== 'img' || !canBeLoaded(src))) return src ? [{ type: 'file', file: fileOf(kind, src, attrs) }] : []
  // The formatting around a file is given up.
  if (children.some(needsUpload)) return children.flatMap(split)
  return [{ type: 'markdown', elements: [element] }]
}

function needsUpload(element: h): boolean {
  const { attrs, children, type } = element
  if (needsStockEncoder(element)) return true
  const isPicture = kinds[type] === 'img'
  return isPicture ? !canBeLoaded(String(attrs.src ?? attrs.url ?? '')) : children.some(needsUpload)
}

/** Whether DingTalk's servers can load a picture by itself. */
function canBeLoaded(src: string): boolean {
  if (!/^https?:/.test(src) || !URL.canParse(src)) return false
  const host = new URL(src).hostname.replace(/^\[|\]$/g, '')
  return isIP(host) ? isPublicAddress(host) : host.includes('.') && !/\.(local|internal|lan)$/.test(host)
}

function fileOf(kind: OutgoingFile['kind'], src: string, attrs: h['attrs']): OutgoingFile {
  const { duration, poster, title, name = title } = attrs
  return {
    kind,
    src,
    name: name ? String(name) : undefined,
    durationMs: duration ? Number(duration) * 1000 : undefined,
    poster: poster ? String(poster) : undefined,
  }
}
