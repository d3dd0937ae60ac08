import type { Fence } from './fence'
import { isClosingFence, openingFence } from './fence'

/** The blocks that are open at a place in a text. */
export interface OpenBlocks {
  fence?: Fence
  /**
   * The header of a table with its delimiter row.
   * @see https://github.github.com/gfm/#tables-extension-
   */
  table?: string
  /** Between `<think>` at the beginning of a line and `</think>`. */
  isThought?: boolean
  /** Indented lines belong to a list item. */
  isListItem?: boolean
}

interface State extends OpenBlocks {
  /** The line before, if it may be the header of a table. */
  header?: string
}

const NOTHING: State = {}

/**
 * Finds the blocks that are open at a place in a text. A text that has grown is read from the last line that was
 * complete the time before.
 */
export class BlockScanner {
  /** The text up to the beginning of a line, and the blocks that are open there. */
  private seen = ''
  private state = NOTHING
  /** The text of the last call, which need not be compared. */
  private text = ''

  /** The blocks that are open at `offset`. A line break at the very end begins no line. */
  at(text: string, offset = text.length): OpenBlocks {
    if (offset < this.seen.length || (text !== this.text && text.slice(0, this.seen.length) !== this.seen)) this.reset()
    this.text = text
    let { seen: { length: start }, state } = this
    let pipe = -1
    for (let end: number; (end = text.indexOf('\n', start)) >= 0 && end < offset; start = end + 1) {
      if (pipe < start) pipe = text.indexOf('|', start) >>> 0
      if (isEventful(state, text, start, end, pipe)) state = advance(state, text.slice(start, end))
    }
    if (start > this.seen.length) this.seen = text.slice(0, start)
    this.state = state
    return start < offset ? advance(state, text.slice(start, offset)) : state
  }

  /** A scanner that continues from here. */
  fork(): BlockScanner {
    return Object.assign(new BlockScanner(), this)
  }

  private reset() {
    this.seen = ''
    this.state = NOTHING
  }
}

const TAB = 9
const SPACE = 32
const GREATER = 62

/** Whether a line can change the state. Most cannot, which their first character tells. */
function isEventful(state: State, text: string, start: number, end: number, pipe: number): boolean {
  let first = start
  let code = 10
  while (first < end && ((code = text.charCodeAt(first)) === SPACE || code === TAB || code === GREATER)) first++
  const isInTable = state.table !== undefined || state.header !== undefined
  if (first === end) return !state.fence && (isInTable || (!!state.isListItem && text[start] === '>'))
  const letter = text[first]
  if (state.fence) return letter === state.fence.mark[0]
  if (pipe < end || isInTable || state.isThought) return true
  if (letter === '`' || letter === '~' || letter === '<' || letter === '-' || letter === '*' || letter === '+') return true
  return (code >= 48 && code <= 57) || (!!state.isListItem && first === start)
}

/** Longer lines, in characters, open and close no code and are not the header of a table. */
const MAX_LINE_CHARACTERS = 4096

/** The blocks that are open after a line. */
function advance(state: State, line: string): State {
  const { fence, table, header } = state
  if (line.length > MAX_LINE_CHARACTERS) {
    if (fence) return state
    const isStillThought = (state.isThought && !line.includes('</think>')) || undefined
    return { table: table && line.includes('|') ? table : undefined, isThought: isStillThought, isListItem: state.isListItem }
  }
  if (fence) return isClosingFence(line, fence) ? { ...state, fence: undefined } : state
  const isListItem = continuesListItem(line, state.isListItem)
  const opened = openingFence(line)
  if (opened) return { fence: opened, isThought: state.isThought, isListItem }
  const isThought = state.isThought || line.startsWith('<think>') ? isUnclosed(line, state.isThought) : undefined
  if (line.includes('|')) {
    const isHead = header !== undefined && isDelimiterRow(line)
    return { table: table ?? (isHead ? `${header}\n${line}` : undefined), header: line, isThought, isListItem }
  }
  const isSame = !table && header === undefined && isThought === state.isThought && isListItem === state.isListItem
  return isSame ? state : { isThought, isListItem }
}

const listMarker = /^[ \t>]{0,32}(?:[-*+]|\d{1,9}[.)])[ \t]/

function continuesListItem(line: string, isListItem?: boolean) {
  return (isListItem && /^(?:[ \t]|$)/.test(line)) || listMarker.test(line) || undefined
}

function isUnclosed(line: string, isOpen = false) {
  return isOpen ? !line.includes('</think>') : line.lastIndexOf('</think>') < line.lastIndexOf('<think>')
}

/** Whether a line can be the one between the header and the rows of a table. */
export function isDelimiterRow(line: string): boolean {
  return /^[ \t>]*(?:\|[ \t]*)?:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*(?:\|[ \t]*)?$/.test(line)
}
