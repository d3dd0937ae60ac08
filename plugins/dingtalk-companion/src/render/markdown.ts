import { Marked } from 'marked'
import type { Tokens } from 'marked'

/** An instance of its own: the shared one can be reconfigured by anybody. */
const marked = new Marked({ gfm: true })

/** Lines that are lines by themselves: headings, quotes, list items, rows, rules, and what is indented. */
const structural = /^(\s*$|#{1,6}\s|>|\s*([-*+]|\d+[.)])\s|\s*\||\s{2,}|[-*_]{3,}\s*$|```|~~~)/

/**
 * Markdown as DingTalk's messages show it: line breaks by two blanks, and tables as lists, for the mobile clients show
 * their source. https://open.dingtalk.com/document/orgapp/types-of-messages-sent-by-robots
 */
export function toMessage(markdown: string): string {
  return format(markdown, '  \n', listTable)
}

/** Markdown as an AI card shows it: line breaks by `<br>`, and tables apart from what precedes them. */
export function toCard(markdown: string): string {
  return format(markdown, '<br>', ({ raw }) => raw)
}

/** What stands in the list of chats and in notifications: the beginning, without its markup. */
export function titleOf(markdown: string): string {
  const line = markdown.split('\n').map(plain).find(Boolean)
  return line ? Array.from(line).slice(0, 20).join('') : '…'
}

function plain(line: string): string {
  return line.replace(/^[\s>#|`~-]+|^\s*(?:[*+]|\d+[.)])\s+/, '')
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

/** Shows the breaks between the lines of a paragraph, which Markdown takes for blanks. */
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

/** Whether what follows in the next line continues this one. */
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
