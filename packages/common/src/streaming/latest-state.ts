/**
 * Shows text that grows, and a status line while there is none. Only the newest state is shown, one at a time: where
 * the platform is slow, states are skipped instead of queued.
 */
export abstract class LatestState {
  protected newestText = ''
  /** Line in place of the text while there is none. */
  protected newestStatus = ''
  /** Runs while there is something to show. */
  protected work?: Promise<void>
  protected readonly finished = new AbortController()

  /** Whether there is a newer state than the one that is shown. */
  protected abstract get isDue(): boolean

  /** Shows the newest state. @returns false when there is nothing to do until it changes */
  protected abstract step(): Promise<boolean>

  status(line: string) {
    this.newestStatus = line
    this.begin()
  }

  update(text: string) {
    this.newestText = text
    this.begin()
  }

  protected begin() {
    if (!this.work && this.isDue) this.work = this.run()
  }

  /** Shows nothing more. Resolves when the step that is running has ended. */
  protected async halt() {
    this.finished.abort()
    await this.work
  }

  private async run() {
    while (this.isDue && await this.step());
    // Without a pause after the last check: a newer state has to start another run.
    this.work = undefined
  }
}
