/**
 * An open code fence, with the quote markers and the indentation before it.
 * @see https://spec.commonmark.org/0.31.2/#fenced-code-blocks
 */
export interface Fence {
  prefix: string
  mark: string
  info: string
}

/** The block that is open at the end of a text. */
export interface Unfinished {
  fence?: Fence
  /**
   * The header of a table with its delimiter row.
   * @see https://github.github.com/gfm/#tables-extension-
   */
  table?: string
}

const opening = /^([ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)?)(`{3,}|~{3,})(.*)$/
const closing = /^[ \t>]*(`{3,}|~{3,})[ \t]*$/
const delimiter = /^[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/

/** Finds the block that is open at the end of a text. */
export function unfinished(text: string): Unfinished {
  let fence: Fence | undefined
  let table: string | undefined
  let previous = ''
  // A trailing line break begins no line.
  for (const line of text.replace(/\n$/, '').split('\n')) {
    if (fence) {
      if (closing.exec(line)?.[1].startsWith(fence.mark)) fence = undefined
      continue
    }
    const [, prefix, mark, info] = opening.exec(line) ?? []
    if (mark && !(mark[0] === '`' && info.includes('`'))) {
      // Only the first line has the list marker; the others are indented to its width.
      fence = { prefix: prefix.replace(/[^\s>]/g, ' '), mark, info }
      table = undefined
    } else if (previous.includes('|') && line.includes('|') && delimiter.test(line)) {
      table ??= `${previous}\n${line}`
    } else if (!line.includes('|')) {
      table = undefined
    }
    previous = line
  }
  return { fence, table }
}

/** The text that closes the code block which is open at the end; empty where none is. */
export function closer(text: string, { fence } = unfinished(text)): string {
  return fence ? `${text.endsWith('\n') ? '' : '\n'}${fence.prefix}${fence.mark}` : ''
}

/** Closes the code block that is open at the end of a text. */
export function heal(text: string): string {
  return text + closer(text)
}

/** The part of a text after `offset`, as Markdown that is complete by itself. */
export function resume(text: string, offset: number): string {
  const { prefix, start } = reopen(text, offset)
  return start < text.length ? prefix + text.slice(start) : ''
}

/**
 * Continues a text at an offset inside a code block or a table.
 * @returns `prefix` opens the block again, and `start` is where the text goes on: behind line breaks, and behind a
 * closing fence whose code has no lines left
 */
export function reopen(text: string, offset: number): { prefix: string, start: number } {
  const { fence, table } = unfinished(text.slice(0, offset))
  const isBetween = offset === 0 || text[offset - 1] === '\n' || text[offset] === '\n'
  let start = skip(text, offset)
  if (fence) {
    const [line] = /^[^\n]*/.exec(text.slice(start))!
    if (!isBetween || !closing.exec(line)?.[1].startsWith(fence.mark)) {
      return { prefix: start < text.length ? `${fence.prefix}${fence.mark}${fence.info}\n` : '', start }
    }
    start = skip(text, start + line.length)
    return { prefix: '', start }
  }
  const isRow = table && isBetween && start - offset < 2 && /^[^\n]*\|/.test(text.slice(start))
  return { prefix: isRow ? `${table}\n` : '', start }
}

function skip(text: string, offset: number) {
  while (text[offset] === '\n') offset++
  return offset
}
