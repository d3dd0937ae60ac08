import { closer, reopen } from './open-blocks'

/** The part of a text that goes into one message. */
export interface Page {
  /** Opens the block again that the previous page ended in. */
  prefix: string
  /** Offsets in the text. */
  start: number
  end: number
  /** Closes the block that the page ends in. */
  suffix: string
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Texts are split behind these, best first. */
const breaks = [/\n\n+/g, /\n/g, /[。！？；…][”’」』）]*|[.!?;]["')\]]*(?=\s)/g, /[，、：]|\s/g]

/**
 * Cuts off what fits into one message: at the end of a paragraph if that fills at least half of it, else of a line, a
 * sentence, a word; at worst between two graphemes. Code that is cut is closed, and opened again in the next page;
 * tables repeat their header.
 * @param from offset at which the page begins
 * @param limit bytes of UTF-8; 0 is unlimited
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

/** The text of a page, with what opens and closes its blocks. */
export function pageText(text: string, { prefix, start, end, suffix }: Page): string {
  const body = text.slice(start, end)
  return prefix + (suffix || end === text.length ? body : body.replace(/\n+$/, '')) + suffix
}

function size(text: string) {
  return Buffer.byteLength(text)
}

/** The offset up to which the text fits into `room` bytes. */
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

/** The end of the last whole grapheme before `limit`; a grapheme that is larger than a page is cut. */
function grapheme(text: string, start: number, limit: number): number {
  const from = Math.max(start, limit - 100)
  let end = from
  for (const { index, segment } of segmenter.segment(text.slice(from, limit + 100))) {
    if (from + index + segment.length > limit) break
    end = from + index + segment.length
  }
  return end > start ? end : Math.max(limit, start + String.fromCodePoint(text.codePointAt(start)!).length)
}
