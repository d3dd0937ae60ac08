import { Lexer } from 'marked'
import type { Token, TokensList } from 'marked'

/** The blocks of a text, with the inline markup in them still unread. */
export interface Blocks {
  tokens: Token[]
  /** Targets of reference links by label. */
  references: TokensList['links']
  /** What was not parsed. */
  rest: string
}

/** What is longer, in characters, fits into no message. */
const MAX_CHARACTERS = 32_768

/** The parser's time grows with the square of the items of a list, and its stack with their depth. */
const MAX_ITEMS = 500
const MAX_DEPTH = 16

const item = /^[ \t>]*(?:[-*+>]|\d{1,9}[.)])/
const deep = new RegExp(`^(?:[ \\t]*(?:[-*+>]|\\d{1,9}[.)])(?=[ \\t>]|$)){${MAX_DEPTH}}|^[ \\t]{${MAX_DEPTH * 4}}`)

/**
 * Splits Markdown into blocks. The parser is not the shared instance, which any plugin can reconfigure, and gets only
 * as much as it can parse at once; what follows is returned as it is.
 */
export function parseBlocks(markdown: string): Blocks {
  const text = markdown.replace(/\r\n?/g, '\n')
  const end = endOfParsable(text)
  const lexer = new Lexer({ gfm: true, breaks: true })
  const tokens = lexer.blockTokens(text.slice(0, end), [])
  return { tokens, references: lexer.tokens.links, rest: text.slice(end) }
}

function endOfParsable(text: string): number {
  let items = 0
  let start = 0
  for (let end: number; start < text.length && items <= MAX_ITEMS; start = end + 1) {
    end = text.indexOf('\n', start)
    if (end < 0) end = text.length
    const line = text.slice(start, end)
    if (deep.test(line)) return start
    if (end > MAX_CHARACTERS) return start || MAX_CHARACTERS
    if (item.test(line)) items++
  }
  return Math.min(start, text.length)
}
