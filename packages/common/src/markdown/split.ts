import { BlockScanner } from './block-scanner'
import { findBreak, reach } from './breakpoint'
import { closer, reopen } from './open-blocks'
import type { Opening } from './open-blocks'
import { outdent } from './outdent'

/** The part of a text that goes into one message. */
export interface Page extends Opening {
  /** Offset in the text. */
  end: number
  /** Closes the blocks that the page ends in. */
  suffix: string
}

export interface CutOptions {
  /** Pass the same one for all pages of a text, so that each is read once. */
  scanner?: BlockScanner
  /** Largest part of a page that repeats the header of a table or the language of code. */
  headerShare?: number
}

/**
 * Cuts off what fits into one message: at the end of a paragraph if that fills at least half of it, else of a line, a
 * sentence, a word; at worst between two graphemes. Code and thoughts that are cut are closed, and opened again in the
 * next page; tables repeat their header, and no header stays without its rows.
 * @param from offset at which the page begins
 * @param limit bytes of UTF-8; 0 is unlimited
 */
export function cut(
  text: string, from: number, limit: number, { scanner = new BlockScanner(), headerShare = 1 / 2 }: CutOptions = {},
): Page {
  const opening = reopen(text, from, scanner.at(text, from), limit ? limit * headerShare : Infinity)
  const { prefix, start } = opening
  if (!limit || fits(text, start, limit - size(prefix))) return { ...opening, end: text.length, suffix: '' }
  let room = limit - size(prefix)
  for (;;) {
    const end = findBreak(text, start, reach(text, start, room))
    const suffix = closer(text.slice(start, end), scanner.fork().at(text, end))
    const excess = size(prefix) + size(text.slice(start, end)) + size(suffix) - limit
    if (excess <= 0 || room <= excess) return { ...opening, end, suffix }
    room -= excess
  }
}

/** All pages of a text. */
export function* pages(text: string, limit: number, options: Omit<CutOptions, 'scanner'> = {}): Generator<Page> {
  const scanner = new BlockScanner()
  for (let start = 0; start < text.length;) {
    const page = cut(text, start, limit, { ...options, scanner })
    yield page
    start = page.end
  }
}

/** The text of a page, with what opens and closes its blocks. */
export function pageText(text: string, { prefix, start, end, suffix, ...outset }: Page): string {
  let length = end
  if (!suffix && end < text.length) while (length > start && text[length - 1] === '\n') length--
  return prefix + outdent(text.slice(start, length) + suffix, outset)
}

function fits(text: string, start: number, room: number) {
  // A character takes at least a byte.
  return text.length - start <= room && size(text.slice(start)) <= room
}

function size(text: string) {
  return Buffer.byteLength(text)
}
