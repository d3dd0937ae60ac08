import { decodePart } from './gemini/parts'
import type { WirePart } from './gemini/parts'
import type { Content, Part } from './types'

/** The fields of parts as this version writes them. Earlier versions stored parts as Gemini writes them. */
const FIELDS: readonly string[] = [
  'text', 'thought', 'file', 'toolCall', 'toolResult', 'native', 'reference',
] satisfies (keyof Part | 'reference')[]

/**
 * Messages of the database. Parts of earlier versions are recognised by their fields, and brought into the form of this
 * one; rows are not rewritten.
 */
export function readStoredContents(contents: Content[]): Content[] {
  return contents.map(({ role, parts }) => ({ role, parts: parts.map(readStoredPart) }))
}

function readStoredPart(part: Part): Part {
  return isOfEarlierVersion(part) ? decodePart(part as WirePart) : part
}

/** Google has a part named `toolCall` too, a call of one of its own tools, which has a type instead of a name. */
function isOfEarlierVersion(part: Part): boolean {
  return Object.keys(part).some(field => !FIELDS.includes(field)) || ('toolCall' in part && !part.toolCall?.name)
}
