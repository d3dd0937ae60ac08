import { escapeMarkdown } from './escape'

/** Marks the edges of a block until its neighbours are known. Never part of a message. */
const BLOCK = '\0'
const HAIR_SPACE = '\u200a'
const ZERO_WIDTH_SPACE = '\u200b'

/** Text without the character that marks the edges of blocks. */
export function withoutBlockMarks(text: string): string {
  return text.replaceAll(BLOCK, '')
}

/** Marks text as a block, such as a paragraph or a list. */
export function block(text: string): string {
  return BLOCK + text + BLOCK
}

/** Separates blocks. Blank lines and indentation inside a block are kept: they may be code. */
export function joinBlocks(text: string, separator = '\n\n'): string {
  return text.split(BLOCK).filter(part => part.trim()).map(trimBlankLines).join(separator).trimEnd()
}

function trimBlankLines(text: string): string {
  let end = text.length
  while (text[end - 1] === '\n') end--
  const start = text.search(/\S/)
  return text.slice(text.lastIndexOf('\n', start) + 1, end)
}

/** Joins the texts of elements. A zero-width space keeps their marks apart: `**a**` and `**b**`. */
export function joinInline(texts: string[]): string {
  const parts: string[] = []
  let last = ''
  for (const text of texts) {
    if (!text) continue
    if (last === text[0] && /[*~`]/.test(last)) parts.push(ZERO_WIDTH_SPACE)
    parts.push(text)
    last = text[text.length - 1]
  }
  return parts.join('')
}

/**
 * Surrounds text with a mark such as `**`, inside any blank. Between a mark and punctuation stands a hair space, since
 * Markdown ignores the mark unless a blank is on its other side, and Chinese has no blanks between words.
 */
export function emphasize(text: string, mark: string): string {
  if (text.includes(BLOCK)) return text.split(BLOCK).map(part => emphasize(part, mark)).join(BLOCK)
  const body = text.trim()
  if (!body) return text
  const [before, after] = text.split(body)
  const space = (character: string) => /(?![*~])[\p{P}\p{S}]/u.test(character) ? HAIR_SPACE : ''
  return before + space(body[0]) + mark + body + mark + space(body[body.length - 1]) + after
}

export function inlineCode(text: string): string {
  if (!text) return ''
  const mark = '`'.repeat(longestBacktickRun(text) + 1)
  const blank = /^`|`$/.test(text) ? ' ' : ''
  return mark + blank + text + blank + mark
}

export function codeBlock(text: string, language: string): string {
  const mark = '`'.repeat(Math.max(3, longestBacktickRun(text) + 1))
  return block(`${mark}${language.replace(/[^\w+#.-]/g, '')}\n${text.replace(/^\n|\n$/g, '')}\n${mark}`)
}

function longestBacktickRun(text: string): number {
  let longest = 0
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length)
  return longest
}

/** A link, or the text alone if `href` is not a web address. */
export function link(text: string, href: string): string {
  const address = webAddress(href)
  if (!address) return text
  const label = joinBlocks(text).trim()
  return label && label !== escapeMarkdown(href) ? `[${label.replace(/[[\]]/g, '')}](${address})` : address
}

/** A table; rows that are too short are filled up. The first row is the header. */
export function table(rows: string[][]): string {
  const width = Math.max(0, ...rows.map(row => row.length))
  if (!width) return ''
  const line = (cells: string[]) => `| ${Array.from({ length: width }, (_, at) => cells[at] ?? '').join(' | ')} |`
  const [header, ...body] = rows
  return block([line(header), line(Array(width).fill('---')), ...body.map(line)].join('\n'))
}

/** The URL, escaped for a Markdown link, if it is one of HTTP or HTTPS. */
export function webAddress(src: string): string | undefined {
  if (!URL.canParse(src) || !/^https?:$/.test(new URL(src).protocol)) return
  return src.replace(/[()\s<>]/g, char => encodeURIComponent(char).replace('(', '%28').replace(')', '%29'))
}
