import { isClosingFence, isDelimiterRow, openingFence } from '../markdown'
import type { Fence } from '../markdown'
import type { Dialect } from './dialect'
import { rewriteLine } from './line-rewriter'
import { ListIndent } from './list-indent'
import { cellsOf, headerAsText, rewriteRow, rowAsList } from './table-rows'

/** What the lines before a line decide about it. */
export interface State {
  list: ListIndent
  fence?: Fence
  /** What closes the display formula that is open. */
  math?: string
  /** In a thought that is left out. */
  isThought?: boolean
  /** In a comment of HTML. */
  isComment?: boolean
  /** The line before, which has columns: the header of a table, if this line says so. */
  header?: string
  /** The table that is open. */
  table?: { header: string[], hasRows?: boolean }
  /** The line before may go on in this one. */
  isParagraph?: boolean
  /** The line before is not blank. */
  isText?: boolean
  isFirst?: boolean
}

/** What is written for a line, with the line break before it, and the state after it. */
type Step = [written: string, next: State]

export const START: State = { list: new ListIndent(), isFirst: true }

/** Longer lines, in characters, are passed as they are. */
const MAX_LINE_CHARACTERS = 20_000

/** Takes a line. */
export function step(state: State, line: string, dialect: Dialect): Step {
  const { fence, list } = state
  const lineBreak = state.isFirst ? '' : '\n'
  if (line.length > MAX_LINE_CHARACTERS) return [lineBreak + line, { list, isText: true }]
  if (fence) return [lineBreak + list.moved(line), isClosingFence(line, fence) ? { list, isText: true } : state]
  if (state.math) return mathStep(state, line, state.math, dialect)
  if (state.isThought) return ['', line.includes('</think>') ? { ...state, isThought: false } : state]
  if (state.isComment) return commentStep(state, line, dialect)
  if (line.includes('|') || state.table || state.header !== undefined) return tableStep(state, line, dialect)
  return lineStep(state, line, dialect)
}

/** What closes the blocks that are open at the end, or was held back for the next line. */
export function ending(state: State, dialect: Dialect): string {
  const { header, isFirst, math, table } = state
  if (math && dialect.displayMath === 'code') return '\n```'
  if (dialect.tables !== 'lists') return ''
  if (table) return table.hasRows ? '' : (isFirst ? '' : '\n') + headerAsText(table.header)
  return header === undefined ? '' : (isFirst ? '' : '\n') + rewriteRow(header, dialect)
}

function commentStep(state: State, line: string, dialect: Dialect): Step {
  const end = line.indexOf('-->')
  if (end < 0) return ['', state]
  const rest = line.slice(end + 3)
  return rest.trim() ? step({ ...state, isComment: false }, rest, dialect) : ['', { ...state, isComment: false }]
}

function mathStep(state: State, line: string, closing: string, dialect: Dialect): Step {
  const text = line.trim()
  const isClosed = text.endsWith(closing)
  // A blank line ends a formula that is not closed.
  if (!isClosed && text) return [`\n${line}`, state]
  const content = isClosed ? text.slice(0, -closing.length).trimEnd() : ''
  const end = dialect.displayMath === 'code' ? '```' : '\\]'
  return [`${content && `\n${content}`}\n${end}${isClosed ? '' : '\n'}`, { list: state.list, isText: true }]
}

function tableStep(state: State, line: string, dialect: Dialect): Step {
  const { header, isText, list, table } = state
  const lineBreak = state.isFirst ? '' : '\n'
  const isList = dialect.tables === 'lists'
  if (header !== undefined && line.includes('|') && isDelimiterRow(line)) {
    return [isList ? '' : lineBreak + line, { list, isFirst: state.isFirst, isText: true, table: { header: cellsOf(header, dialect) } }]
  }
  if (table && line.includes('|')) {
    const row = isList ? rowAsList(cellsOf(line, dialect), table.header) : rewriteRow(line, dialect)
    return [lineBreak + row, { list, isText: true, table: { ...table, hasRows: true } }]
  }
  if (table || (header !== undefined && isList)) {
    const before = ending(state, dialect)
    const [written, next] = step({ list, isText: true, isFirst: state.isFirst && !before }, line, dialect)
    return [before + written, next]
  }
  if (!line.includes('|')) return lineStep({ ...state, header: undefined }, line, dialect)
  const isRow = /^[ \t>]*\|/.test(line)
  if (isList && isRow) return ['', { list, header: line, isFirst: state.isFirst, isText }]
  if (!isRow) {
    const [written, next] = lineStep({ ...state, header: undefined }, line, dialect)
    return [written, { ...next, header: next.fence ? undefined : line }]
  }
  const gap = dialect.tables === 'blank line' && isText && header === undefined ? '\n' : ''
  return [lineBreak + gap + rewriteRow(line, dialect), { list, header: line, isText: true }]
}

const rule = /^ {0,3}(?:(?:-[ \t]*)+|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|=+[ \t]*)$/

/** Lines that begin a block of their own: headings, quotes, items, rows, rules, fences, indented lines. */
const structural = /^(?:#{1,6}\s|>|\s*(?:[-*+]|\d{1,9}[.)])\s|\s*\||\s\s)/

const heading = /^ {0,3}(?:#\s|#{2,6}[^#])/

const markers = /^([ \t>]*)((?:[-*+]|\d{1,9}[.)])[ \t]+)?/

function lineStep(state: State, source: string, dialect: Dialect): Step {
  const { isFirst, isParagraph, list } = state
  const lineBreak = isFirst ? '' : '\n'
  if (!source.trim()) return [lineBreak + source, { list }]
  const [line, next] = list.next(source)
  const fence = openingFence(line)
  if (fence) return [lineBreak + line, { list: next, fence }]
  const formula = openingFormula(line, dialect)
  if (formula) return [lineBreak + formula.written, { list: next, math: formula.closing }]
  if (/^<\/?think>/.test(line)) {
    if (dialect.thoughts === 'rendered') return [lineBreak + line, { list: next, isText: true }]
    return ['', { ...state, isThought: line.startsWith('<think>') && !line.includes('</think>') }]
  }
  if (isVerbatim(line, next)) return [lineBreak + line, { list: next, isText: true }]
  const comment = unclosedComment(line)
  const text = comment < 0 ? line : line.slice(0, comment)
  if (!text.trim()) return ['', { ...state, isComment: true }]
  const isSoft = !isFirst && isParagraph && !structural.test(line)
  const written = (isSoft ? softBreak(dialect) : lineBreak) + rewriteBlock(text, dialect, next)
  return [written, { list: next, isComment: comment >= 0, isText: true, isParagraph: !heading.test(line) }]
}

function softBreak({ lineBreaks }: Dialect) {
  return lineBreaks === 'two spaces' ? '  \n' : lineBreaks === '<br>' ? '<br>' : '\n'
}

/** Rules, definitions of reference links, and code that is indented. */
function isVerbatim(line: string, list: ListIndent) {
  return rule.test(line) || /^ {0,3}\[[^\]^][^\]]*\]:\s*\S+/.test(line) || (!list.continuation && /^(?: {4}|\t)/.test(line))
}

function openingFormula(line: string, dialect: Dialect) {
  const text = line.trim()
  const opening = text.startsWith('$$') ? '$$' : text.startsWith('\\[') ? '\\[' : undefined
  if (!opening) return
  const closing = opening === '$$' ? '$$' : '\\]'
  const content = text.slice(2).trim()
  if (content.includes(closing)) return
  return { closing, written: (dialect.displayMath === 'code' ? '```latex' : '\\[') + (content && `\n${content}`) }
}

function unclosedComment(line: string): number {
  const start = line.lastIndexOf('<!--')
  return start >= 0 && !line.includes('-->', start) ? start : -1
}

/** The text of one line, with the markers of its block. */
function rewriteBlock(line: string, dialect: Dialect, list: ListIndent): string {
  const [hashes] = /^ {0,3}#{2,6}(?=[^\s#])/.exec(line) ?? []
  if (hashes) return `${hashes} ${rewriteLine(line.slice(hashes.length), dialect)}`
  const [prefix, quote, marker] = markers.exec(line)!
  const rest = line.slice(prefix.length)
  if (/^<hr\s*\/?>\s*$/i.test(rest)) return `${prefix}---`
  const task = marker ? /^\[([ xX])\](?=\s)/.exec(rest) : undefined
  const box = task ? (task[1] === ' ' ? '☐' : '☑') : ''
  const continuation = (quote.includes('>') ? quote : '') + list.continuation
  return prefix + box + rewriteLine(task ? rest.slice(3) : rest, dialect, { continuation })
}
