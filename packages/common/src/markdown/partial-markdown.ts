import { BlockScanner } from './block-scanner'
import { closer } from './open-blocks'

/** The part of an unfinished text that can be shown, in characters, and what closes the markup that is open there. */
export interface Draft {
  length: number
  suffix: string
}

/** What has been open for more characters than this is shown as it is. */
const MAX_HALF_CHARACTERS = 300

/** Emphasis in longer paragraphs is not closed. */
const MAX_PARAGRAPH_CHARACTERS = 20_000

/**
 * Finds how much of an unfinished text can be shown without broken markup. Open code and emphasis are closed; what is
 * still ambiguous is held back: half a link, a marker at the very end, a table without its delimiter row.
 * @param scanner pass the same one for all states of a text, so that each line is read once
 */
export function draft(text: string, scanner = new BlockScanner()): Draft {
  const blocks = scanner.at(text)
  if (blocks.fence) return { length: text.length, suffix: closer(text, blocks) }
  const line = text.lastIndexOf('\n') + 1
  const before = scanner.fork().at(text, line)
  // The line that closes code is no marker of inline code.
  if (before.fence) return { length: text.length, suffix: '' }
  const end = before.table ? text.length : beforeTable(text, line)
  const length = beforeHalf(text.slice(0, Math.min(end, beforeMarker(text))))
  const start = paragraph(text, length)
  const suffix = length - start > MAX_PARAGRAPH_CHARACTERS ? '' : emphasis(text.slice(start, length))
  // A closing marker must directly follow the text.
  return suffix ? { length: text.slice(0, length).trimEnd().length, suffix } : { length, suffix }
}
/** Start of the last paragraph. Inline markup does not reach across paragraphs. */
function paragraph(text: string, end: number) {
  return text.lastIndexOf('\n\n', end - 1) + 1
}

/** The end before a line that may be the header of a table: the next line decides. */
function beforeTable(text: string, line: number) {
  const isHead = (from: number) => /^[ \t>]*\|/.test(text.slice(from))
  const previous = text.lastIndexOf('\n', line - 2) + 1
  if (line > 1 && isHead(previous) && /^[ \t>|:-]*$/.test(text.slice(line))) return previous
  return isHead(line) ? line : text.length
}

/**
 * What may still become something else: half a link, tag, entity or formula, an escape without its character, and the
 * beginning of a line that may begin a list item, a heading or a rule.
 */
const halves = [
  /!$/,
  /!?\[[^\][\n]*(?:\](?:\((?:https?:(?:[^()\n]|\([^()\n]*\))*(?:\([^()\n]*)?|[^)\s]*))?)?$/i,
  /<(?:[a-z/!][^<>\n]*)?$/i,
  /&(?:#?\w{0,10};?)?$/,
  /\\$|\\[([](?:(?!\\[)\]])[^\n])*$/,
  /(?<![\w$\\])\$(?![\s\d])[^$\n\u2e80-\u9fff]*$/,
  /(?<=\n)[ \t>]*(?:[-+=]+|\d{1,9}[.)]?|#{1,6})?[ \t]*$/,
]

/** Tags that stand for marks, or whose content is written in another way. */
const pairedTag = /<(b|strong|i|em|s|del|strike|code|kbd|samp|a|sub|sup)(?:\s[^<>]*)?>(?:(?!<\/\1>)[^\n])*$/i

function beforeHalf(text: string) {
  const tail = text.slice(-MAX_HALF_CHARACTERS)
  const lengths = [...halves, pairedTag].map(pattern => pattern.exec(tail)?.[0].length ?? 0)
  return text.length - Math.max(...lengths)
}

/** The end before markers that may open or close something, or grow longer. */
function beforeMarker(text: string) {
  let length = text.length
  while ('*_~`'.includes(text[length - 1] || ' ')) length--
  return length
}

/** The markers that close the emphasis and the inline code that are open at the end of a paragraph. */
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
