/** Runs tasks of the same key one after the other, in the order they came; tasks of different keys run in parallel. */
export class SerialQueue {
  /** The end of the last task of each key. These never reject. */
  private readonly tails = new Map<string, Promise<unknown>>()

  /** Number of keys with tasks that have not ended. */
  get size() {
    return this.tails.size
  }

  /**
   * Runs a task after all earlier ones of its key, whether those failed or not.
   * @throws what the task throws
   */
  run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const result = (this.tails.get(key) ?? Promise.resolve()).then(task)
    const tail = result.catch(() => {}).then(() => {
      if (this.tails.get(key) === tail) this.tails.delete(key)
    })
    this.tails.set(key, tail)
    return result
  }

  /** Resolves when all tasks that are in the queue now have ended. */
  async whenIdle(): Promise<void> {
    await Promise.all(this.tails.values())
  }
}
