import { CallbackError } from './callback-error'

/** Most members that an object is searched for. An envelope has one. */
const MAX_MEMBERS = 16
/** Most brackets and texts in a value that is skipped. */
const MAX_NESTED = 256
/** A longer name is none that is looked for. Characters, with quotes and escapes. */
const MAX_NAME_LENGTH = 64

const BACKSLASH = 0x5c
const whitespace = /[ \t\n\r]*/y
const scalar = /[-+.\w]+/y
const bracketOrQuote = /["[\]{}]/g

/**
 * Finds a text in a JSON object in one pass over the source, in linear time and without recursion. Values that are not
 * looked for are skipped, and only checked as far as that takes.
 * @param names of the member, the preferred one first
 * @param maxLength most characters of a text as it is written, with quotes; the scan ends where one is longer
 * @returns `undefined` if the object has no such text
 * @throws {CallbackError} `malformed` where the source is no JSON object
 */
export function findMember(source: string, names: readonly string[], maxLength = Infinity): string | undefined {
  /** In the order of `names`. */
  const found: (string | undefined)[] = []
  let at = skip(whitespace, source, 0)
  if (source[at] !== '{') throw new CallbackError('malformed', 'body is not a JSON object')
  at = skip(whitespace, source, at + 1)
  for (let count = 0; source[at] !== '}'; count++) {
    if (count === MAX_MEMBERS) throw new CallbackError('malformed', 'body has too many members')
    if (count > 0) at = skip(whitespace, source, expect(source, at, ','))
    const nameEnd = endOfString(source, at, Math.max(maxLength, MAX_NAME_LENGTH))
    const name = nameEnd - at <= MAX_NAME_LENGTH ? decode(source, at, nameEnd) : ''
    const start = skip(whitespace, source, expect(source, skip(whitespace, source, nameEnd), ':'))
    const end = endOfValue(source, start, maxLength)
    if (end - start > maxLength) throw tooLong()
    const index = names.indexOf(name)
    if (index >= 0) found[index] = source[start] === '"' ? decode(source, start, end) : undefined
    at = skip(whitespace, source, end)
  }
  if (skip(whitespace, source, at + 1) !== source.length) throw notJson()
  return found.find(value => value !== undefined)
}

function skip(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at
  pattern.test(source)
  return pattern.lastIndex
}

function expect(source: string, at: number, char: string): number {
  if (source[at] !== char) throw notJson()
  return at + 1
}

/** @param start of the opening quote @returns the position after the closing one */
function endOfString(source: string, start: number, maxLength: number): number {
  expect(source, start, '"')
  for (let quote = source.indexOf('"', start + 1); quote > 0; quote = source.indexOf('"', quote + 1)) {
    if (quote - start >= maxLength) throw tooLong()
    let backslashes = 0
    while (source.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return quote + 1
  }
  throw notJson()
}

function endOfValue(source: string, start: number, maxLength: number): number {
  if (source[start] === '"') return endOfString(source, start, maxLength)
  if (source[start] !== '{' && source[start] !== '[') {
    const end = skip(scalar, source, start)
    if (end === 0) throw notJson()
    return end
  }
  let depth = 0
  bracketOrQuote.lastIndex = start
  let count = 0
  for (let match = bracketOrQuote.exec(source); match; match = bracketOrQuote.exec(source)) {
    if (++count > MAX_NESTED) throw new CallbackError('malformed', 'body has too much in it beside "encrypt"')
    if (match[0] === '"') bracketOrQuote.lastIndex = endOfString(source, match.index, maxLength)
    else if (match[0] === '{' || match[0] === '[') depth++
    else if (--depth === 0) return match.index + 1
  }
  throw notJson()
}

function decode(source: string, start: number, end: number): string {
  try {
    return JSON.parse(source.slice(start, end))
  } catch {
    throw notJson()
  }
}

function tooLong() {
  return new CallbackError('malformed', 'body has a value that is too long')
}

function notJson() {
  return new CallbackError('malformed', 'body is not JSON')
}
