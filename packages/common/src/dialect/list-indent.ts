/** An item of a list that lines may belong to; columns are counted in spaces. */
interface Item {
  indent: number
  /** Column of its text, as it is written out. */
  content: number
  /** Spaces that its lines are moved by. */
  shift: number
}

const TAB_WIDTH = 4

/** Indentation that makes a line code, where it is in no item. */
const CODE_INDENT = 4

const item = /^([ \t]*)([-*+]|\d{1,9}[.)])([ \t]+)(?=\S)/

/**
 * The list items that are open at a line. Models indent nested items by two spaces, which is less than the text of
 * `1. item`, so that CommonMark would see no nesting.
 */
export class ListIndent {
  constructor(private readonly items: readonly Item[] = []) {}

  /** The spaces before the text of the innermost item. */
  get continuation(): string {
    return ' '.repeat(this.items.at(-1)?.content ?? 0)
  }

  /** Moves a line to where it belongs. @returns the line, and the items that are open after it */
  next(line: string): [line: string, next: ListIndent] {
    const [whole, , marker, gap] = item.exec(line) ?? []
    const indent = columns(line)
    if (!whole) {
      if (!line.trim()) return [line, this]
      return indent ? [this.moved(line), this] : [line, this.items.length ? new ListIndent() : this]
    }
    const parents = this.items.slice(0, this.items.findLastIndex(parent => indent >= parent.indent + 2) + 1)
    const parent = parents.at(-1)
    if (!parent && indent >= CODE_INDENT) return [line, this]
    const isNested = !parent || (indent >= parent.content && indent < parent.content + CODE_INDENT)
    const column = isNested ? indent : parent.content
    const content = column + marker.length + Math.min(columns(gap), CODE_INDENT)
    const text = column === indent ? line : ' '.repeat(column) + line.trimStart()
    return [text, new ListIndent([...parents, { indent, content, shift: column - indent }])]
  }

  /** Moves a line that begins no item. */
  moved(line: string): string {
    if (!/^[ \t]/.test(line)) return line
    const { shift = 0 } = this.items.at(-1) ?? {}
    if (shift > 0) return ' '.repeat(shift) + line
    return shift < 0 ? line.slice(Math.min(-shift, columns(line))) : line
  }
}

/** The width of the indentation of a line. */
function columns(line: string): number {
  let width = 0
  for (const character of line) {
    if (character === ' ') width++
    else if (character === '\t') width += TAB_WIDTH - width % TAB_WIDTH
    else break
  }
  return width
}
