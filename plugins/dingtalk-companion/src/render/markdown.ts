import { toDialect } from 'common/dialect'
import { inlineText } from 'common/markdown'
import { cardDialect, messageDialect } from './dialect'

/** Markdown for a robot message. */
export function toMessage(markdown: string): string {
  return toDialect(markdown, messageDialect)
}

/** Markdown for an AI card. */
export function toCard(markdown: string): string {
  return toDialect(markdown, cardDialect)
}

const TITLE_CHARACTERS = 20

/** A line is read no further than this, in characters. */
const MAX_LINE_CHARACTERS = 500

/** A text that begins with more characters of mere markup has no title. */
const MAX_SEARCHED_CHARACTERS = 10_000

/** Markers at the beginning of a line: headings, quotes, list items, rows, fences, rules. */
const markers = /^(?:[\s>#|`~-]|[*+](?=\s)|\d{1,9}[.)]\s)+/

/** Title for the list of chats and for notifications: the beginning of the first line with text, without markup. */
export function titleOf(markdown: string): string {
  const beginning = markdown.trimStart().slice(0, MAX_SEARCHED_CHARACTERS)
  for (let start = 0; start < beginning.length;) {
    const end = beginning.indexOf('\n', start) >>> 0
    const title = plain(beginning.slice(start, Math.min(end, start + MAX_LINE_CHARACTERS)))
    if (title) return Array.from(title).slice(0, TITLE_CHARACTERS).join('')
    start = end + 1
  }
  return '…'
}

function plain(line: string): string {
  const text = inlineText(line.replace(markers, ''), { withoutTargets: true })
  return text.replace(/\s*\|\s*/g, ' ').replace(/^[*_=\s]+$/, '').replace(/\s+/g, ' ').trim()
}
