/** A code fence and what stands before it: quotation marks, indentation. https://spec.commonmark.org/0.31.2/#fenced-code-blocks */
export interface Fence {
  prefix: string
  mark: string
  info: string
}

/** What a text stops in the middle of. */
export interface Unfinished {
  fence?: Fence
  /** The head of a table, with the line under it. https://github.github.com/gfm/#tables-extension- */
  table?: string
}

const opening = /^([ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)?)(`{3,}|~{3,})(.*)$/
const closing = /^[ \t>]*(`{3,}|~{3,})[ \t]*$/
const delimiter = /^[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/

/** Finds out what is open where a text ends. */
export function unfinished(text: string): Unfinished {
  let fence: Fence | undefined
  let table: string | undefined
  let previous = ''
  // What stands behind the last line break is no line yet.
  for (const line of text.replace(/\n$/, '').split('\n')) {
    if (fence) {
      if (closing.exec(line)?.[1].startsWith(fence.mark)) fence = undefined
      continue
    }
    const [, prefix, mark, info] = opening.exec(line) ?? []
    if (mark && !(mark[0] === '`' && info.includes('`'))) {
      // A list marker stands before the first line only; the others are indented as far.
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

/** What closes the code a text stops in. */
export function closer(text: string, { fence } = unfinished(text)): string {
  return fence ? `${text.endsWith('\n') ? '' : '\n'}${fence.prefix}${fence.mark}` : ''
}

/** Completes an unfinished text for showing: the code it stops in is closed. */
export function heal(text: string): string {
  return text + closer(text)
}

/** The rest of a text of which the beginning is shown already. */
export function resume(text: string, offset: number): string {
  const { prefix, start } = reopen(text, offset)
  return start < text.length ? prefix + text.slice(start) : ''
}

/**
 * Takes a text up at a place in it: with what opens again the code or the table that the place is in the middle of, and
 * where it goes on. Line breaks are left out there, and so is the end of code of which nothing is left.
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
