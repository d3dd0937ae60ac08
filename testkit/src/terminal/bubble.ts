import { toPlainText, wrap } from './layout'

/** The part of a terminal that a bubble uses, such as `process.stdout`. */
export interface Screen {
  write(text: string): unknown
  isTTY?: boolean
  columns?: number
  rows?: number
}

/**
 * Displays a growing message in place, as WeCom does: `update` takes the whole text so far, `finish` the final one.
 * If the output is not a terminal, only the final text is written.
 */
export class Bubble {
  private drawn: string[] = []
  private content = ''

  constructor(private readonly screen: Screen) {}

  update(content: string) {
    this.content = content
    if (!this.screen.isTTY) return
    const { rows: height = 24 } = this.screen
    const rows = this.layout()
    // Rows that have scrolled away cannot be redrawn, so a long text shows its end while it grows.
    this.draw(rows.length < height ? rows : ['⋮', ...rows.slice(2 - height)])
  }

  /** @param content the final text, by default the latest one */
  finish(content = this.content) {
    this.content = content
    if (this.screen.isTTY) this.draw(this.layout())
    else if (toPlainText(content)) this.screen.write(toPlainText(content))
    if (toPlainText(content)) this.screen.write('\n')
    this.drawn = []
    this.content = ''
  }

  private layout() {
    // Terminals differ in where a full last column leaves the cursor.
    return wrap(toPlainText(this.content), (this.screen.columns || 80) - 1)
  }

  /** Redraws the rows from the first changed one. */
  private draw(rows: string[]) {
    const { drawn } = this
    const changed = rows.findIndex((row, index) => row !== drawn[index])
    if (changed < 0 && rows.length === drawn.length) return
    const from = changed < 0 ? rows.length - 1 : changed
    const up = drawn.length - 1 - from
    const text = rows.slice(from).join('\n')
    if (!drawn.length) this.screen.write(text)
    else if (up < 0) this.screen.write(`\n${text}`)
    else this.screen.write(`\r${up ? `\x1b[${up}A` : ''}\x1b[J${text}`)
    this.drawn = rows
  }
}
