import type { Content, Part } from '../engine/types'

/** A question and its answer, as the engine takes and reports them. */
export interface Turn {
  contents: Content[]
  /** Tokens the turn adds to a request. */
  tokens: number
  /** The answer was cut short. */
  interrupted?: boolean
}

/**
 * Adds a part to an answer. Plain text is appended to plain text, because a streamed answer comes in hundreds of
 * pieces. Parts with other fields (a thought, a signature) are kept exactly as they came.
 */
export function appendPart(parts: Part[], part: Part) {
  const last = parts.at(-1)
  if (last && isPlain(last) && isPlain(part)) last.text += part.text
  else parts.push({ ...part })
}

function isPlain(part: Part): part is { text: string } {
  return part.text !== undefined && Object.keys(part).length === 1
}

/** Turns as messages of a request. Interrupted answers are marked, or the model would take them for complete. */
export function toContents(turns: Turn[]): Content[] {
  return turns.flatMap(({ contents, interrupted }) => interrupted ? markInterrupted(contents) : contents)
}

/** An answer may consist of several messages: the mark stands in the last one, or follows results of tools. */
function markInterrupted(contents: Content[]): Content[] {
  const mark = { text: '[interrupted]' }
  const last = contents.at(-1)!
  switch (last.role) {
    case 'user': return contents
    case 'model': return [...contents.slice(0, -1), { ...last, parts: [...last.parts, mark] }]
    case 'tool': return [...contents, { role: 'model', parts: [mark] }]
    default: return last.role satisfies never
  }
}

/** The last line of a turn's question, at most 40 characters, for people to recognise it. */
export function questionExcerpt({ contents }: Turn): string {
  const text = contents[0]?.parts.map(part => part.text ?? '').join('').trim() ?? ''
  const letters = [...text.slice(text.lastIndexOf('\n') + 1)]
  return letters.length > 40 ? `${letters.slice(0, 40).join('')}…` : letters.join('')
}
