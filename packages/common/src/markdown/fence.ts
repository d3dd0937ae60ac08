/**
 * A code fence that is open, with the quote markers and the indentation before it.
 * @see https://spec.commonmark.org/0.31.2/#fenced-code-blocks
 */
export interface Fence {
  /** What stands before each line of the code; blanks in place of a list marker. */
  prefix: string
  mark: string
  info: string
}

/** Longest prefix and longest mark in characters. Longer ones, which every page would repeat, are taken for text. */
const MAX_PREFIX_CHARACTERS = 32
const MAX_MARK_CHARACTERS = 16

const listPrefix = /^(?:[ \t>]|(?:[-*+]|\d{1,9}[.)])(?=[ \t])){1,32}/

/** The fence that a line opens. */
export function openingFence(line: string): Fence | undefined {
  let start = skipQuotes(line)
  if (!isMark(line[start])) {
    if (!line.includes('```') && !line.includes('~~~')) return
    start = listPrefix.exec(line)?.[0].length ?? 0
  }
  const end = endOfMark(line, start)
  if (!end || start > MAX_PREFIX_CHARACTERS) return
  const info = line.slice(end)
  if (line[start] === '`' && info.includes('`')) return
  return { prefix: line.slice(0, start).replace(/[^\s>]/g, ' '), mark: line.slice(start, end), info }
}

/** Whether a line closes a fence. */
export function isClosingFence(line: string, { mark }: Fence): boolean {
  const start = skipQuotes(line)
  if (line[start] !== mark[0]) return false
  const end = endOfMark(line, start)
  return end - start >= mark.length && !line.slice(end).trim()
}

function skipQuotes(line: string) {
  let offset = 0
  while (' \t>'.includes(line[offset] || '.')) offset++
  return offset
}

/** The end of the mark at an offset; 0 if there is none. */
function endOfMark(line: string, start: number) {
  if (!isMark(line[start])) return 0
  let end = start + 1
  while (line[end] === line[start] && end - start <= MAX_MARK_CHARACTERS) end++
  return end - start >= 3 && end - start <= MAX_MARK_CHARACTERS ? end : 0
}

function isMark(character: string | undefined) {
  return character === '`' || character === '~'
}
