import { toPlainText, wrap } from './layout'

/** The part of a terminal that a bubble needs, e.g. `process.stdout`. */
export interface Screen {
  write(text: string): unknown
  isTTY?: boolean
  columns?: number
  rows?: number
}

/**
 * A message that grows in place, as it does in WeCom: `update` takes the whole text so far, `finish` leaves it there.
 * Where there is no terminal, only the finished text is written.
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
    // what has scrolled away cannot be drawn again, so a long text shows its end while it grows
    this.draw(rows.length < height ? rows : ['⋮', ...rows.slice(2 - height)])
  }

  /** @param content the final text; the latest one unless given */
  finish(content = this.content) {
    this.content = content
    if (this.screen.isTTY) this.draw(this.layout())
    else if (toPlainText(content)) this.screen.write(toPlainText(content))
    if (toPlainText(content)) this.screen.write('\n')
    this.drawn = []
    this.content = ''
  }

  private layout() {
    // a full last column leaves the cursor in different places on different terminals
    return wrap(toPlainText(this.content), (this.screen.columns ?? 80) - 1)
  }

  /** Rewrites the rows from the first one that changed. */
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
