/** The classes of characters that decide whether a mark of emphasis opens or closes, as bits. */
export const SPACE = 1
export const PUNCTUATION = 2
/** Chinese, Japanese and Korean letters and punctuation, which stand without spaces between them. */
export const CJK = 4
/** Letters and digits. */
export const WORD = 8
export const DIGIT = 16
/** Brackets and quotes that open. */
export const OPENING = 32

const classes: [bit: number, pattern: RegExp][] = [
  [SPACE, /\s/],
  [PUNCTUATION, /[\p{P}\p{S}]/u],
  [CJK, /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\u3000-\u303f\uff00-\uffef\u2018-\u201d\u2014\u2026]/u],
  [WORD, /[\p{L}\p{N}]/u],
  [DIGIT, /[0-9]/],
  [OPENING, /[\p{Ps}\p{Pi}]/u],
]

/** The bits of the characters below U+10000, once they were asked for. */
const known = new Uint8Array(0x10000)
const IS_KNOWN = 128

/** The bits of the character at an offset. The edges of a text are spaces. */
export function classAt(text: string, offset: number): number {
  return offset < text.length ? classOf(text.codePointAt(offset)!) : SPACE
}

/** The bits of the character before an offset. */
export function classBefore(text: string, offset: number): number {
  if (!offset) return SPACE
  const isPair = offset > 1 && (text.charCodeAt(offset - 1) & 0xfc00) === 0xdc00
  return classOf(text.codePointAt(offset - (isPair ? 2 : 1))!)
}

function classOf(code: number): number {
  if (code > 0xffff) return compute(code)
  return known[code] ||= compute(code) | IS_KNOWN
}

function compute(code: number): number {
  const character = String.fromCodePoint(code)
  return classes.reduce((bits, [bit, pattern]) => pattern.test(character) ? bits | bit : bits, 0)
}
