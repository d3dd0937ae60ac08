/**
 * Shows something that grows. Only the newest state is ever shown, one at a time: a slow platform skips states, it does
 * not queue them.
 */
export abstract class Growth {
  /** The newest text, and the line that stands in its place while there is none. */
  protected latest = ''
  protected line = ''
  /** Runs while there is something to show. */
  protected work?: Promise<void>
  protected readonly finished = new AbortController()

  /** Whether there is a newer state than the one that is shown. */
  protected abstract get isDue(): boolean

  /** Shows the newest state. @returns false when there is nothing to be done before it changes */
  protected abstract step(): Promise<boolean>

  status(line: string) {
    this.line = line
    this.begin()
  }

  update(text: string) {
    this.latest = text
    this.begin()
  }

  protected begin() {
    if (!this.work && this.isDue) this.work = this.run()
  }

  /** Shows nothing more. Resolves once what was on its way has arrived. */
  protected async halt() {
    this.finished.abort()
    await this.work
  }

  private async run() {
    while (this.isDue && await this.step());
    // At once: whatever comes now finds nobody at work.
    this.work = undefined
  }
}
