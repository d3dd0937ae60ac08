/** Characters of a document that are read. More would fill the context of most models. */
const MAX_CHARS = 400_000

/** The text of a document as Markdown: headings, paragraphs, list items and tables. */
export class Outline {
  private readonly lines: string[] = []
  private size = 0

  /** Whether nothing more is taken. */
  get isFull() {
    return this.size >= MAX_CHARS
  }

  heading(level: number, text: string) {
    const title = oneLine(text)
    if (title) this.add('', `${'#'.repeat(Math.min(Math.max(level, 1), 6))} ${title}`, '')
  }

  paragraph(text: string) {
    if (text.trim()) this.add(text.trimEnd())
  }

  item(text: string, level = 0) {
    if (text.trim()) this.add(`${'  '.repeat(Math.min(level, 8))}- ${oneLine(text)}`)
  }

  row(cells: readonly string[]) {
    if (cells.some(cell => cell.trim())) this.add(`| ${cells.map(cell => oneLine(cell).replaceAll('|', '\\|')).join(' | ')} |`)
  }

  toString() {
    const text = this.lines.join('\n').replace(/\n{3,}/g, '\n\n').trim()
    return this.isFull ? `${text.slice(0, MAX_CHARS)}\n[the document is longer, the rest was left out]` : text
  }

  private add(...lines: string[]) {
    if (this.isFull) return
    this.lines.push(...lines)
    for (const line of lines) this.size += line.length + 1
  }
}

function oneLine(text: string) {
  return text.replace(/\s+/g, ' ').trim()
}
