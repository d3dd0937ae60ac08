import type { Dialect } from './dialect'
import type { State } from './dialect-state'
import { START, ending, step } from './dialect-state'

/** Lines behind so many of them are passed as they are. */
const MAX_LINES = 20_000

/**
 * Brings Markdown into a dialect, line by line. A text that has grown is continued from its last complete line, and
 * what was written for the lines before stays as it is.
 */
export class DialectWriter {
  /** The lines that are complete, what was written for them, and the state after them. */
  private source = ''
  private written = ''
  private state: State = START
  private lines = 0

  constructor(private readonly dialect: Dialect) {}

  /** @returns the whole text in the dialect */
  write(markdown: string): string {
    const { dialect } = this
    // Faster than `startsWith`, which compares character by character.
    if (markdown.slice(0, this.source.length) !== this.source) this.reset()
    let start = this.source.length
    for (let end: number; (end = markdown.indexOf('\n', start)) >= 0 && this.lines < MAX_LINES; start = end + 1) {
      const [written, next] = step(this.state, markdown.slice(start, end), dialect)
      this.written += written
      this.state = next
      this.lines++
    }
    this.source = markdown.slice(0, start)
    const rest = markdown.slice(start)
    if (this.lines >= MAX_LINES) return `${this.written}${ending(this.state, dialect)}\n${rest}`
    // An empty line does not end anything yet.
    if (!rest) return this.written + (ending(this.state, dialect) || (this.lines ? '\n' : ''))
    const [written, next] = step(this.state, rest, dialect)
    return this.written + written + ending(next, dialect)
  }

  private reset() {
    this.source = this.written = ''
    this.state = START
    this.lines = 0
  }
}

/** Brings a whole text into a dialect. */
export function toDialect(markdown: string, dialect: Dialect): string {
  return new DialectWriter(dialect).write(markdown)
}
