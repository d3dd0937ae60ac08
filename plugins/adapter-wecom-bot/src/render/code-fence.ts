/** Code fences of Markdown: where one is open, what closes it, and what to do with its indentation. */

export interface Fence {
  /** What stands before it and before every line in it: the indentation of its list item, the marks of its quote. */
  prefix: string
  /** The run of backticks or tildes that opened it and closes it. */
  mark: string
  /** The language of the code. */
  info: string
}

/** Longest prefix and longest mark that are repeated; what is longer would cost a piece. */
const PREFIX = 32
const MARK = 16
/** Most bytes of the line that closes a fence. */
export const CLOSING = 1 + PREFIX + MARK

/**
 * The code fence that is open where a text ends.
 * https://spec.commonmark.org/0.31.2/#fenced-code-blocks
 */
export function openFence(text: string): Fence | undefined {
  let open: Fence | undefined
  for (const [, before, mark, info] of text.matchAll(fences)) {
    if (open) {
      if (closes(before, mark, info, open)) open = undefined
    } else if (mark[0] === '~' || !info.includes('`')) {
      open = { prefix: before.slice(0, PREFIX).replace(/[^\s>]/g, ' '), mark, info }
    }
  }
  return open
}

/**
 * Models put code into list items and quotes; there, a fence has the item's mark or indentation in front of it.
 * At most `MARK` marks.
 */
const fences = /^((?:[ \t]|>|(?:[-*+]|\d{1,9}[.)])[ \t])*)(`{3,16}(?!`)|~{3,16}(?!~))(.*)$/gm

function closes(before: string, mark: string, info: string, open: Fence) {
  return mark[0] === open.mark[0] && mark.length >= open.mark.length && !info.trim() && !/[^\s>]/.test(before)
}

export function close(text: string, { prefix, mark }: Fence) {
  return `${text}\n${prefix}${mark}`
}

/**
 * Takes the indentation of a list item off the rest of its code, and off what follows: without the item in front,
 * four blanks would make it code.
 * @param isWhole the text begins with the beginning of a line
 */
export function outdent(text: string, isWhole: boolean, fence?: Fence): string {
  if (fence ? !fence.prefix || fence.prefix.trim() : /^\S/.test(isWhole ? text : text.slice(text.indexOf('\n') + 1))) {
    return text
  }
  const lines = text.split('\n')
  const strip = (from: number, to: number, width: number) => {
    for (let at = from; at < to; at++) lines[at] = lines[at].slice(Math.min(width, blanks(lines[at])))
  }
  let start = isWhole ? 0 : 1
  if (fence) {
    const last = lines.findIndex(line => closesHere(line, fence))
    const end = last < 0 ? lines.length : last + 1
    strip(start, end, fence.prefix.length)
    start = end
  }
  const next = lines.findIndex((line, at) => at >= start && /^\S/.test(line))
  const end = next < 0 ? lines.length : next
  strip(start, end, lines.slice(start, end).filter(line => line.trim()).map(blanks).reduce(least, Infinity))
  return lines.join('\n')
}

function closesHere(line: string, fence: Fence) {
  const [match] = line.matchAll(fences)
  return !!match && closes(match[1], match[2], match[3], fence)
}

function least(one: number, other: number) {
  return Math.min(one, other)
}

function blanks(line: string) {
  return line.length - line.trimStart().length
}
