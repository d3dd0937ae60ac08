import { BlockScanner } from './block-scanner'
import { closer } from './open-blocks'

/** The part of an unfinished text that can be shown, in characters, and what closes the markup that is open there. */
export interface Draft {
  length: number
  suffix: string
}

/** A bracket that has been open for more characters than this begins no link. */
const MAX_LINK_CHARACTERS = 500

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
  const length = Math.min(beforeTable(text, scanner), beforeLink(text), beforeMarker(text))
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
function beforeTable(text: string, scanner: BlockScanner) {
  const line = text.lastIndexOf('\n') + 1
  if (scanner.fork().at(text, line).table) return text.length
  const isHead = (from: number) => /^[ \t>]*\|/.test(text.slice(from))
  const previous = text.lastIndexOf('\n', line - 2) + 1
  if (line > 1 && isHead(previous) && /^[ \t>|:-]*$/.test(text.slice(line))) return previous
  return isHead(line) ? line : text.length
}

/** The end before an opening bracket that may still become a link. */
function beforeLink(text: string) {
  const [half] = /!?\[[^\][\n]*(?:\](?:\([^)\s]*)?)?$/.exec(text.slice(-MAX_LINK_CHARACTERS)) ?? []
  return text.length - (half?.length ?? 0)
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
