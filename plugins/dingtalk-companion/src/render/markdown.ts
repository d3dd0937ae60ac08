import { Marked } from 'marked'
import type { Tokens } from 'marked'

/** Not the shared instance, which any plugin can reconfigure. */
const marked = new Marked({ gfm: true })

/** Lines that need no break before them: headings, quotes, list items, table rows, rules, fences, indented lines. */
const structural = /^(\s*$|#{1,6}\s|>|\s*([-*+]|\d+[.)])\s|\s*\||\s{2,}|[-*_]{3,}\s*$|```|~~~)/

/**
 * Markdown for a robot message: line breaks become two trailing spaces, and tables become lists, because mobile clients
 * show the source of tables.
 * @see https://open.dingtalk.com/document/orgapp/types-of-messages-sent-by-robots
 */
export function toMessage(markdown: string): string {
  return format(markdown, '  \n', listTable)
}

/** Markdown for an AI card: line breaks become `<br>`, and tables get the blank line before them that cards require. */
export function toCard(markdown: string): string {
  return format(markdown, '<br>', ({ raw }) => raw)
}

const TITLE_CHARACTERS = 20

/** Title for the list of chats and for notifications: the beginning of the first line with text, without markup. */
export function titleOf(markdown: string): string {
  const line = markdown.split('\n').map(plain).find(Boolean)
  return line ? Array.from(line).slice(0, TITLE_CHARACTERS).join('') : '…'
}

function plain(line: string): string {
  return line.replace(/\\([!-/:-@[-`{-~])/g, '$1')
    .replace(/&lt;/g, '<').replace(/&amp;/g, '&')
    .replace(/^[\s>#|`~-]+|^\s*(?:[*+]|\d+[.)])\s+/, '')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_`~|]+/g, '')
    .trim()
}

function format(markdown: string, lineBreak: string, table: (token: Tokens.Table) => string): string {
  const tokens = marked.lexer(markdown)
  return tokens.map((token, index) => {
    if (token.type === 'code') return token.raw
    if (token.type !== 'table') return breakLines(token.raw, lineBreak)
    const before = tokens[index - 1]?.raw
    return (before && !before.endsWith('\n\n') ? '\n' : '') + table(token as Tokens.Table)
  }).join('')
}

/** Marks the line breaks inside paragraphs, which Markdown would show as spaces. */
function breakLines(text: string, lineBreak: string): string {
  const lines = text.split('\n')
  let isCode = false
  let result = lines[0]
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]
    const isFence = /^\s*(```|~~~)/.test(line)
    if (isFence) isCode = !isCode
    if (!index) continue
    const isSoft = !isCode && !isFence && !structural.test(line) && isParagraph(lines[index - 1])
    result = isSoft ? result.replace(/ +$/, '') + lineBreak + line : `${result}\n${line}`
  }
  return result
}

/** Whether the next line may continue the paragraph of this one. */
function isParagraph(line: string): boolean {
  return !!line.trim() && !/^(#{1,6}\s|\s*\||\s*(```|~~~))/.test(line)
}

function listTable({ header, rows, raw }: Tokens.Table): string {
  const list = rows.map((row) => {
    const [first, ...rest] = row.map(({ text }) => text.trim())
    const cells = rest.map((text, index) => text && `  - ${header[index + 1].text.trim()}: ${text}`)
    return [`- **${first || header[0].text.trim()}**`, ...cells.filter(Boolean)].join('\n')
  })
  const body = list.join('\n') || header.map(({ text }) => `**${text.trim()}**`).join(' ')
  return body + (/\n*$/.exec(raw)![0] || '\n')
}
