import { unfinished } from 'common/markdown'

const opening = /^<think>[ \t]*$/m
const closing = /^<\/think>[ \t]*\n*/m

/**
 * Removes the first `<think>` block, complete or not: DingTalk cannot fold it and would show the tags. Blocks inside
 * code are left alone.
 */
export function withoutThoughts(markdown: string): string {
  const start = opening.exec(markdown)
  if (!start || unfinished(markdown.slice(0, start.index)).fence) return markdown
  const before = markdown.slice(0, start.index)
  const rest = markdown.slice(start.index + start[0].length)
  const end = closing.exec(rest)
  return before + (end ? rest.slice(end.index + end[0].length) : '')
}
