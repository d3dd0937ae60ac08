import type { Delimiters, Style } from './delimiters'
import { DelimiterStack } from './delimiters'
import type { InlineNode, InlineToken } from './token'

/** Pairs the runs of marks, and turns them into tokens. */
export function pairMarks(nodes: readonly InlineNode[]): InlineToken[] {
  const stack = new DelimiterStack()
  for (const node of nodes) {
    if (node.type === 'run') stack.push(node.run)
    else if (node.type === 'link') stack[node.isOpening ? 'enterLink' : 'leaveLink']()
  }
  const tokens: InlineToken[] = []
  for (const node of nodes) {
    if (node.type === 'run') addTokens(node.run, tokens)
    else tokens.push(node)
  }
  return tokens
}

function addTokens(run: Delimiters, tokens: InlineToken[]) {
  const { start, closes, opens, rest, isHiddenOpening, isHiddenClosing } = run
  let offset = start
  const add = (style: Style, isOpening: boolean, isHidden: boolean) => {
    const end = offset + (style === 'em' ? 1 : 2)
    tokens.push({ type: 'mark', style, isOpening, isHidden, start: offset, end })
    offset = end
  }
  if (closes) for (const style of closes) add(style, false, isHiddenClosing)
  if (rest) tokens.push({ type: 'text', start: offset, end: offset += rest })
  if (opens) for (const style of opens.reverse()) add(style, true, isHiddenOpening)
}
