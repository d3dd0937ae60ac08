import type { Content, Part } from '../engine/types'

/** A question and its answer, as they went over the wire. */
export interface Turn {
  contents: Content[]
  /** What the turn adds to a request. */
  tokens: number
  /** The answer was cut short. */
  interrupted?: boolean
}

/**
 * Adds a part to an answer. Plain text joins the plain text before it, for a streamed answer comes in hundreds of
 * pieces; whatever carries more than text (a thought, a signature) is kept exactly as it came.
 */
export function appendPart(parts: Part[], part: Part) {
  const last = parts.at(-1)
  if (last && isPlain(last) && isPlain(part)) last.text += part.text
  else parts.push({ ...part })
}

function isPlain(part: Part): part is { text: string } {
  return part.text !== undefined && Object.keys(part).length === 1
}

/** What turns look like in a request. An answer that was cut short says so: the model would take it for whole. */
export function toContents(turns: Turn[]): Content[] {
  return turns.flatMap(({ contents, interrupted }) => contents.map((content) => {
    if (!interrupted || content.role !== 'model') return content
    return { ...content, parts: [...content.parts, { text: '[interrupted]' }] }
  }))
}

/** The question of a turn as people recognise it: its last line, not too long. */
export function questionExcerpt({ contents }: Turn): string {
  const text = contents[0]?.parts.map(part => part.text ?? '').join('').trim() ?? ''
  const letters = [...text.slice(text.lastIndexOf('\n') + 1)]
  return letters.length > 40 ? `${letters.slice(0, 40).join('')}…` : letters.join('')
}
