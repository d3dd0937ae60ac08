import type { OpenBlocks } from './block-scanner'
import { BlockScanner } from './block-scanner'
import type { Outset } from './outdent'
import { outdent } from './outdent'
import { isClosingFence } from './fence'

/** Finds the blocks that are open at the end of a text. */
export function unfinished(text: string): OpenBlocks {
  return new BlockScanner().at(text)
}

/** The text that closes the code block and the thought which are open at the end; empty where none is. */
export function closer(text: string, { fence, isThought } = unfinished(text)): string {
  const code = fence ? `${text.endsWith('\n') ? '' : '\n'}${fence.prefix}${fence.mark}` : ''
  return code + (isThought ? code && '\n' : '') + (isThought ? '</think>' : '')
}

/**
 * Closes the code block and the thought that are open at the end of a text.
 * @param scanner pass the same one for all states of a text that grows
 */
export function heal(text: string, scanner = new BlockScanner()): string {
  return text + closer(text, scanner.at(text))
}

/** The part of a text after `offset`, as Markdown that is complete by itself. */
export function resume(text: string, offset: number): string {
  const { prefix, start, ...outset } = reopen(text, offset)
  return start < text.length ? prefix + outdent(text.slice(start), outset) : ''
}

/** How a text continues in a new message. */
export interface Opening extends Outset {
  /** Opens the blocks again. */
  prefix: string
  /** Offset at which the text goes on. */
  start: number
}

/**
 * Continues a text at an offset inside a code block, a table or a thought. What goes on begins behind line breaks, and
 * behind a closing fence whose code has no lines left.
 * @param maxHeaderBytes a header of a table that is larger is not repeated; of a larger fence, only the mark is
 */
export function reopen(
  text: string, offset: number, blocks = new BlockScanner().at(text, offset), maxHeaderBytes = Infinity,
): Opening {
  const { fence, isListItem, isThought, table } = blocks
  const isLineStart = offset === 0 || text[offset - 1] === '\n'
  const isBetween = isLineStart || text[offset] === '\n'
  const thought = isThought ? '<think>\n' : ''
  const fits = (header: string) => Buffer.byteLength(header) <= maxHeaderBytes
  if (fence) {
    let start = isBetween && !isLineStart ? offset + 1 : offset
    const line = isBetween ? lineAt(text, start) : ''
    const isOver = isClosingFence(line, fence) && line.replace(/[\s>]/g, '') === fence.mark
    if (!isOver) {
      const { mark, info } = fence
      // Of a list item, the indentation is removed; of a quote, the markers stay.
      const prefix = fence.prefix.trim() && fence.prefix
      const opening = fits(prefix + mark + info) ? prefix + mark + info : prefix + mark
      const markers = isBetween ? '' : prefix
      return { prefix: start < text.length ? `${thought}${opening}\n${markers}` : '', start, fence, isListItem, isLineStart: isBetween }
    }
    start = skipLineBreaks(text, start + line.length)
    return { prefix: start < text.length ? thought : '', start, isListItem, isLineStart: true }
  }
  const start = skipLineBreaks(text, offset)
  const isRow = table && isBetween && start - offset < 2 && lineAt(text, start).includes('|') && fits(table)
  const prefix = start < text.length ? thought + (isRow ? `${table}\n` : '') : ''
  return { prefix, start, isListItem, isLineStart: isBetween }
}

function lineAt(text: string, offset: number) {
  const end = text.indexOf('\n', offset)
  return text.slice(offset, end < 0 ? undefined : end)
}

function skipLineBreaks(text: string, offset: number) {
  while (text[offset] === '\n') offset++
  return offset
}
