import type { Fence } from './fence'
import { isClosingFence } from './fence'

/** How a part of a text begins. */
export interface Outset {
  /** The code block that it begins in. */
  fence?: Fence
  /** Its indented lines belong to a list item. */
  isListItem?: boolean
  /** It begins with the beginning of a line. */
  isLineStart: boolean
}

/**
 * Removes the indentation of a list item from the rest of its code, and from the lines that follow: without the item
 * before them, four spaces would turn them into code.
 */
export function outdent(text: string, { fence, isListItem, isLineStart }: Outset): string {
  const isIndented = fence ? fence.prefix && !fence.prefix.trim() : isListItem && /^[ \t]/m.test(text)
  if (!isIndented) return text
  const lines = text.split('\n')
  let start = isLineStart ? 0 : 1
  if (fence) {
    const last = lines.findIndex((line, index) => index >= start && isClosingFence(line, fence))
    const end = last < 0 ? lines.length : last + 1
    strip(lines, start, end, fence.prefix.length)
    start = end
  }
  const next = lines.findIndex((line, index) => index >= start && line && !isBlank(line[0]))
  const end = next < 0 ? lines.length : next
  let width = Infinity
  for (const line of lines.slice(start, end)) if (line.trim()) width = Math.min(width, indentation(line))
  strip(lines, start, end, width)
  return lines.join('\n')
}

function strip(lines: string[], start: number, end: number, width: number) {
  for (let index = start; index < end; index++) {
    lines[index] = lines[index].slice(Math.min(width, indentation(lines[index])))
  }
}

function indentation(line: string) {
  let width = 0
  while (isBlank(line[width])) width++
  return width
}

function isBlank(character?: string) {
  return character === ' ' || character === '\t'
}
