import { isDelimiterRow } from './block-scanner'
import { isClosingFence, openingFence } from './fence'
import type { Fence } from './fence'
import { isFormatting, parseInline } from './inline'

/** Lines with markup behind so many of them keep it. */
const MAX_MARKED_LINES = 50_000

/**
 * Markdown as text that reads well where markup is not shown: marks are removed, and what they marked stays. Code and
 * all that is no markup is left as it is. The text is never longer than the Markdown.
 */
export function toPlainText(markdown: string): string {
  const lines: string[] = []
  let fence: Fence | undefined
  let marked = 0
  let isBlank = true
  for (const line of linesOf(markdown.replace(/<think>[^]*?(?:<\/think>|$)/g, ''))) {
    const isMarked = (fence || markup.test(line)) && marked++ < MAX_MARKED_LINES
    const text = isMarked ? plain(line) : line.trimEnd()
    if (text === undefined || (!text && isBlank)) continue
    isBlank = !text
    lines.push(text)
  }
  return lines.join('\n').trim()

  function plain(line: string): string | undefined {
    if (fence) {
      const isClosing = isClosingFence(line, fence)
      if (isClosing) fence = undefined
      return isClosing ? undefined : line.trimEnd()
    }
    fence = openingFence(line)
    return fence || (line.includes('|') && isDelimiterRow(line)) ? undefined : plainLine(line).trimEnd()
  }
}

function* linesOf(text: string) {
  for (let start = 0; start <= text.length;) {
    const end = text.indexOf('\n', start) >>> 0
    yield text.slice(start, end)
    start = end + 1
  }
}

function plainLine(line: string): string {
  const row = line.trim()
  if (row.length > 1 && row.startsWith('|') && row.endsWith('|')) {
    return row.slice(1, -1).split('|').map(cell => inlineText(cell.trim()).replaceAll('\n', ' ')).join('  ')
  }
  return inlineText(line.replace(/^( {0,3})#{1,6}[ \t]+/, '$1'))
}

/** Characters without which a line is its own text. */
const markup = /[\\`*_~[<&$#|\u200a\u200b\u00a0ˋ]/

export interface InlineTextOptions {
  /** Leaves out the addresses of links. */
  withoutTargets?: boolean
}

/** The text of a line without its inline markup. */
export function inlineText(line: string, { withoutTargets }: InlineTextOptions = {}): string {
  if (!markup.test(line)) return line
  const parts: string[] = []
  let label = 0
  for (const token of parseInline(line, { keepsIntraword: true })) {
    switch (token.type) {
      case 'mark': break
      case 'link':
        if (token.isOpening) label = parts.length
        else if (!withoutTargets) parts.push(withTarget(parts.splice(label).join(''), token.target.href, token.isImage))
        break
      case 'escape':
      case 'entity':
      case 'code':
      case 'math':
      case 'url':
        parts.push(token.text)
        break
      case 'html':
        if (token.tag.name === 'br') parts.push('\n')
        // Whether tags of links work is for the caller to decide.
        else if (!isFormatting(token.tag) || token.tag.name === 'a') parts.push(line.slice(token.start, token.end))
        break
      case 'text':
        parts.push(literal(line.slice(token.start, token.end)))
        break
      default:
        token satisfies never
    }
  }
  return parts.join('')
}

function withTarget(label: string, href: string, isImage: boolean) {
  if (!label || label === href) return href
  return isImage ? `${label} ${href}` : `${label} (${href})`
}

/** What keeps text from being read as markup is not needed any more. */
function literal(text: string) {
  return text.replace(/[\u200a\u200b]/g, '').replace(/ˋ/g, '`').replace(/\u00a0/g, ' ')
}
