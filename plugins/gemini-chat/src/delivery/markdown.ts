/** A code fence and what stands before it: quotation marks, indentation. https://spec.commonmark.org/0.31.2/#fenced-code-blocks */
interface Fence {
  prefix: string
  mark: string
  info: string
}

const opening = /^([ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)?)(`{3,}|~{3,})(.*)$/
const closing = /^[ \t>]*(`{3,}|~{3,})[ \t]*$/

/** The fence that is still open where the text ends. */
function openFence(text: string): Fence | undefined {
  let open: Fence | undefined
  for (const line of text.split('\n')) {
    if (open) {
      if (closing.exec(line)?.[1].startsWith(open.mark)) open = undefined
      continue
    }
    const [, prefix, mark, info] = opening.exec(line) ?? []
    // A list marker stands before the first line only; the others are indented as far.
    if (mark && !(mark[0] === '`' && info.includes('`'))) open = { prefix: prefix.replace(/[^\s>]/g, ' '), mark, info }
  }
  return open
}

/** Completes an unfinished text for showing: the code it stops in is closed. */
export function heal(text: string): string {
  const open = openFence(text)
  if (!open) return text
  return `${text}${text.endsWith('\n') ? '' : '\n'}${open.prefix}${open.mark}`
}

/** The rest of a text of which the beginning is shown already: the code it starts in is opened again. */
export function resume(text: string, offset: number): string {
  const open = openFence(text.slice(0, offset))
  const rest = text.slice(offset).replace(/^\n+/, '')
  return open && rest ? `${open.prefix}${open.mark}${open.info}\n${rest}` : rest
}
