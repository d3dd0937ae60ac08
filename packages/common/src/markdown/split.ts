import { closer, reopen } from './open-blocks'

/** What one message takes of a text. */
export interface Page {
  /** What opens again what the text before it was in the middle of. */
  prefix: string
  /** Where it begins and ends in the text. */
  start: number
  end: number
  /** What closes what it ends in the middle of. */
  suffix: string
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Places to break a text at, best first: after what these match. */
const breaks = [/\n\n+/g, /\n/g, /[。！？；…][”’」』）]*|[.!?;]["')\]]*(?=\s)/g, /[，、：]|\s/g]

/**
 * Cuts off what fits in one message: at the end of a paragraph if that leaves at least half of it, else of a line, a
 * sentence, a word; at worst between two graphemes. Code that is cut through is closed, and opened again in the next
 * page; a table begins again with its head.
 * @param from where in the text to begin
 * @param limit bytes of UTF-8; 0 is no limit
 */
export function cut(text: string, from: number, limit: number): Page {
  const { start, ...opening } = reopen(text, from)
  let { prefix } = opening
  if (!limit || size(prefix) + size(text.slice(start)) <= limit) return { prefix, start, end: text.length, suffix: '' }
  if (size(prefix) > limit / 2) prefix = ''
  let room = limit - size(prefix)
  for (;;) {
    const end = breakpoint(text, start, reach(text, start, room))
    const suffix = closer(text.slice(0, end))
    const excess = size(prefix) + size(text.slice(start, end)) + size(suffix) - limit
    if (excess <= 0 || room <= excess) return { prefix, start, end, suffix }
    room -= excess
  }
}

/** The page as a message has it. */
export function pageText(text: string, { prefix, start, end, suffix }: Page): string {
  const body = text.slice(start, end)
  return prefix + (suffix || end === text.length ? body : body.replace(/\n+$/, '')) + suffix
}

function size(text: string) {
  return Buffer.byteLength(text)
}

/** How far so many bytes reach. */
function reach(text: string, start: number, room: number) {
  let end = start
  while (end < text.length) {
    const letter = String.fromCodePoint(text.codePointAt(end)!)
    room -= size(letter)
    if (room < 0) break
    end += letter.length
  }
  return end
}

function breakpoint(text: string, start: number, limit: number): number {
  const half = start + (limit - start) / 2
  for (const pattern of breaks) {
    let end = 0
    for (const match of text.slice(start, limit + 1).matchAll(pattern)) {
      const place = start + match.index + match[0].length
      if (place <= limit) end = place
    }
    if (end > half) return end
  }
  return grapheme(text, start, limit)
}

/** The end of the last whole grapheme; of one that is larger than all there is room for, as much as there is. */
function grapheme(text: string, start: number, limit: number): number {
  const from = Math.max(start, limit - 100)
  let end = from
  for (const { index, segment } of segmenter.segment(text.slice(from, limit + 100))) {
    if (from + index + segment.length > limit) break
    end = from + index + segment.length
  }
  return end > start ? end : Math.max(limit, start + String.fromCodePoint(text.codePointAt(start)!).length)
}
