/** Lets concurrent calls of the same key share one run, and its result. */
export class SingleFlight<T> {
  private readonly running = new Map<string, Promise<T>>()

  /** Number of runs that have not ended. */
  get size() {
    return this.running.size
  }

  /** The run of a key that has not ended, if there is one. */
  get(key: string): Promise<T> | undefined {
    return this.running.get(key)
  }

  /** The runs that have not ended. */
  all(): Promise<T>[] {
    return [...this.running.values()]
  }

  /**
   * Starts the task at once, unless one of the same key is running: then its result is returned.
   * @throws what the task throws
   */
  run(key: string, task: () => Promise<T>): Promise<T> {
    const current = this.running.get(key)
    if (current) return current
    const run = task().finally(() => this.running.delete(key))
    this.running.set(key, run)
    return run
  }
}
