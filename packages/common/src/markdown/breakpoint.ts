import { isDelimiterRow } from './block-scanner'

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** The offset up to which a text fits into `room` bytes of UTF-8. */
export function reach(text: string, start: number, room: number): number {
  let end = start
  for (let width = 1; end < text.length; end += width) {
    const code = text.codePointAt(end)!
    width = code > 0xffff ? 2 : 1
    room -= code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    if (room < 0) break
  }
  return end
}

/** How good a place is to end a page, from a word to a paragraph. */
const NONE = 0
const WORD = 1
const SENTENCE = 2
const LINE = 3
const PARAGRAPH = 4

/** Characters that a place to end a page can be behind. */
const isEnding = new Uint8Array(0x10000)
for (const character of '\n\r\t \u3000\u00a0，、：,。！？；….!?;”’」』）"\')]') isEnding[character.charCodeAt(0)] = 1

/**
 * The best place at or before `limit` to end a page that begins at `start`: the end of a paragraph, else of a line, a
 * sentence or a word, if it is in the second half of the page.
 */
export function findBreak(text: string, start: number, limit: number): number {
  const half = start + (limit - start) / 2
  let best = NONE
  let place = 0
  for (let end = limit; end > half && best < PARAGRAPH; end--) {
    if (!isEnding[text.charCodeAt(end - 1)]) continue
    const quality = qualityAt(text, end)
    if (quality > best) [best, place] = [quality, end]
  }
  return best ? beforeHeader(text, start, place) : lastGrapheme(text, start, limit)
}

/** Most quotes and brackets that end a sentence with its full stop. */
const MAX_CLOSING_MARKS = 3

function qualityAt(text: string, end: number): number {
  let last = end - 1
  if (text[last] === '\n') return isBlankLine(text, last - 1) ? PARAGRAPH : LINE
  const isBeforeSpace = /\s/.test(text[end] ?? '')
  if (/\s/.test(text[last]) || '，、：'.includes(text[last]) || (text[last] === ',' && isBeforeSpace)) return WORD
  while (end - last <= MAX_CLOSING_MARKS && '”’」』）"\')]'.includes(text[last])) last--
  if ('。！？；…'.includes(text[last])) return '”’」』）'.includes(text[end] || ' ') ? NONE : SENTENCE
  return '.!?;'.includes(text[last]) && isBeforeSpace ? SENTENCE : NONE
}

/** Whether the line that ends before an offset is blank. */
function isBlankLine(text: string, offset: number) {
  while (text[offset] === ' ' || text[offset] === '\t') offset--
  return text[offset] === '\n'
}

/** A page that would end in the header of a table ends before it. */
function beforeHeader(text: string, start: number, end: number): number {
  if (text[end - 1] !== '\n' || text[end - 2] === '\n') return end
  const last = text.lastIndexOf('\n', end - 2) + 1
  const previous = text.lastIndexOf('\n', last - 2) + 1
  const next = text.slice(end, text.indexOf('\n', end) >>> 0)
  const line = text.slice(last, end - 1)
  if (!line.includes('|')) return end
  const header = isDelimiterRow(line) && last > 1 ? previous : isDelimiterRow(next) && next.includes('|') ? last : end
  return header > start ? header : end
}

/** The end of the last whole grapheme before `limit`; a grapheme that is larger than a page is cut. */
function lastGrapheme(text: string, start: number, limit: number): number {
  let from = Math.max(start, limit - 64)
  if (from > start && isLowSurrogate(text, from)) from--
  const last = segmenter.segment(text.slice(from, limit + 64)).containing(limit - from)
  const end = from + (last?.index ?? limit - from)
  return end > start ? end : Math.max(limit, start + String.fromCodePoint(text.codePointAt(start)!).length)
}

function isLowSurrogate(text: string, offset: number) {
  return (text.charCodeAt(offset) & 0xfc00) === 0xdc00
}
