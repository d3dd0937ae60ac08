import type { Dialect } from './dialect'
import { rewriteLine } from './line-rewriter'

/** Brings the cells of a row into a dialect. */
export function rewriteRow(line: string, dialect: Dialect): string {
  return line.split(separator).map(cell => rewriteLine(cell, dialect, { isCell: true })).join('|')
}

/** The texts of the cells of a row, in a dialect. */
export function cellsOf(line: string, dialect: Dialect): string[] {
  const row = line.replace(/^[ \t>]*\|?/, '').trimEnd().replace(/(?<!\\)\|$/, '')
  return row.split(separator).map((cell) => {
    return rewriteLine(cell.trim().replaceAll('\\|', '|'), dialect, { isCell: true })
  })
}

const separator = /(?<!\\)\|/

/** A row as an item of a list: the first cell, and below it the others with the headers of their columns. */
export function rowAsList([first = '', ...rest]: string[], header: string[]): string {
  const cells = rest.map((text, index) => text && `  - ${header[index + 1] ?? ''}: ${text}`)
  return [`- **${first || header[0]}**`, ...cells.filter(Boolean)].join('\n')
}

/** A table without rows. */
export function headerAsText(header: string[]): string {
  return header.map(cell => `**${cell}**`).join(' ')
}
