import type { Token } from 'marked'
import { marked } from 'marked'

/** Yields every token of a CommonMark (GFM) text, parents first, with the types of all its parents. */
export function* walk(text: string): Generator<{ token: Token, within: string[] }> {
  yield* visit(marked.lexer(text), [])
}

function* visit(tokens: Token[], within: string[]): Generator<{ token: Token, within: string[] }> {
  for (const token of tokens) {
    yield { token, within }
    const inner = [...within, token.type]
    if (token.type === 'table') {
      for (const cell of [...token.header, ...token.rows.flat()]) yield* visit(cell.tokens, inner)
    } else if (token.type === 'list') {
      for (const item of token.items) yield* visit(item.tokens, inner)
    } else if ('tokens' in token && token.tokens) {
      yield* visit(token.tokens, inner)
    }
  }
}
