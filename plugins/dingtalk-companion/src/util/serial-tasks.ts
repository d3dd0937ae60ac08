/** Runs the tasks of each key one after the other, and those of different keys side by side. */
export class SerialTasks {
  private readonly last = new Map<string, Promise<unknown>>()

  /** Runs a task when all earlier ones of its key have ended, whether they failed or not. */
  run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const result = (this.last.get(key) ?? Promise.resolve()).then(task)
    const settled = result.catch(() => {}).then(() => {
      if (this.last.get(key) === settled) this.last.delete(key)
    })
    this.last.set(key, settled)
    return result
  }
}
