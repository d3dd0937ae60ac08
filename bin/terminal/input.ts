import { createInterface } from 'node:readline'
import type { Interface } from 'node:readline'

export interface LineWatcher {
  /** Called when a line has been typed, before it is offered. */
  typed(): void
  /** @returns whether the line is done with */
  take(line: string): boolean
}

/**
 * The lines that a person types, or those of a pipe.
 *
 * On a terminal, each line has a readline interface of its own. Between two lines Ctrl-C then raises SIGINT, so that an
 * answer can be interrupted.
 */
export class LineInput {
  private readonly lines: string[] = []
  private hasEnded = false
  private history: string[] = []
  /** Called when a line has come, or the input has ended. */
  private changed = () => {}

  constructor() {
    if (!process.stdin.isTTY) this.listen()
  }

  /** @returns `undefined` when the input has ended, or when Ctrl-C was pressed at the prompt */
  async next(prompt: string): Promise<string | undefined> {
    if (process.stdin.isTTY && !this.hasEnded && !this.lines.length) return this.ask(prompt)
    while (!this.lines.length && !this.hasEnded) await new Promise<void>((resolve) => { this.changed = resolve })
    return this.lines.shift()
  }

  /**
   * Offers lines while something else goes on, and keeps those that are not taken.
   * @returns offers the first lines again, and ends it
   */
  watch({ take, typed }: LineWatcher): { retry(): void, stop(): void } {
    const retry = () => {
      while (this.lines.length && take(this.lines[0])) this.lines.shift()
    }
    this.changed = () => {
      typed()
      retry()
    }
    const reader = process.stdin.isTTY ? this.listen() : undefined
    return {
      retry,
      stop: () => {
        this.changed = () => {}
        reader?.removeAllListeners().close()
      },
    }
  }

  /** Collects lines; without a terminal's editing, so that Ctrl-C still raises SIGINT. */
  private listen(): Interface {
    const reader = createInterface({ input: process.stdin, terminal: false })
    reader.on('line', (line) => {
      this.lines.push(line)
      this.changed()
    })
    reader.on('close', () => {
      this.hasEnded = true
      this.changed()
    })
    return reader
  }

  private async ask(prompt: string): Promise<string | undefined> {
    const { stdin: input, stdout: output } = process
    const reader = createInterface({ input, output, history: this.history })
    reader.on('history', lines => this.history = [...lines])
    const line = await new Promise<string | undefined>((resolve) => {
      reader.once('close', () => resolve(undefined))
      reader.question(prompt, resolve)
    })
    reader.close()
    if (line === undefined) output.write('\n')
    return line
  }
}
