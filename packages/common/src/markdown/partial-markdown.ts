import { closer, unfinished } from './open-blocks'

/** An unfinished text as it can be shown: so much of it, and what closes what is open there. */
export interface Draft {
  length: number
  suffix: string
}

/** Longer than this no link is waited for. */
const LINK = 500

/**
 * Makes an unfinished text fit to be shown. Code and emphasis that it stops in are closed; what cannot be told yet is
 * held back: half a link, a marker at the very end, a table without the line under its head.
 */
export function draft(text: string): Draft {
  const state = unfinished(text)
  if (state.fence) return { length: text.length, suffix: closer(text, state) }
  const length = Math.min(beforeTable(text), beforeLink(text), beforeMarker(text))
  const suffix = emphasis(text.slice(paragraph(text, length), length))
  // A marker closes only what it directly follows.
  return suffix ? { length: text.slice(0, length).trimEnd().length, suffix } : { length, suffix }
}

/** Where the last paragraph begins. Nothing that is said within a line reaches further. */
function paragraph(text: string, end: number) {
  return text.lastIndexOf('\n\n', end - 1) + 1
}

/** A line with a pipe at its beginning may be the head of a table. The line after it decides. */
function beforeTable(text: string) {
  const line = text.lastIndexOf('\n') + 1
  if (unfinished(text.slice(0, line)).table) return text.length
  const isHead = (from: number) => /^[ \t>]*\|/.test(text.slice(from))
  const previous = text.lastIndexOf('\n', line - 2) + 1
  if (line > 1 && isHead(previous) && /^[ \t>|:-]*$/.test(text.slice(line))) return previous
  return isHead(line) ? line : text.length
}

/** From an opening bracket on, unless it cannot become a link any more. */
function beforeLink(text: string) {
  const [half] = /!?\[[^\][\n]*(?:\](?:\([^)\s]*)?)?$/.exec(text.slice(-LINK)) ?? []
  return text.length - (half?.length ?? 0)
}

/** Markers at the very end may open or close something, or grow. */
function beforeMarker(text: string) {
  const [markers] = /[*_~`]+$/.exec(text) ?? []
  return text.length - (markers?.length ?? 0)
}

/** What closes the emphasis and the inline code that a paragraph stops in. */
function emphasis(text: string): string {
  const open: string[] = []
  const pattern = /\\[^]|(`+)|(\*\*\*|\*\*|\*|~~|__|_)/g
  for (let match; (match = pattern.exec(text));) {
    const [whole, ticks, mark] = match
    const before = text[match.index - 1] ?? '\n'
    const after = text[match.index + whole.length] ?? '\n'
    if (ticks) {
      const end = new RegExp(`(?<!\`)${ticks}(?!\`)`, 'g')
      end.lastIndex = pattern.lastIndex
      if (!end.exec(text)) return ticks + close(open)
      pattern.lastIndex = end.lastIndex
    } else if (mark) {
      const isWord = mark[0] === '_' && /\w/.test(before) && /\w/.test(after)
      if (isWord) continue
      if (open.at(-1) === mark && /\S/.test(before)) open.pop()
      else if (/\S/.test(after)) open.push(mark)
    }
  }
  return close(open)
}

function close(open: string[]) {
  return open.reverse().join('')
}
