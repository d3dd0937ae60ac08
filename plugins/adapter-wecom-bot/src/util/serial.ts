/** Tasks that stand in line: those of one name run one after the other, in the order they came. */
export class Lines {
  private readonly last = new Map<string, Promise<unknown>>()

  get size() {
    return this.last.size
  }

  run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const previous = this.last.get(name) ?? Promise.resolve()
    const result = previous.then(task)
    const end = result.catch(() => {}).then(() => {
      if (this.last.get(name) === end) this.last.delete(name)
    })
    this.last.set(name, end)
    return result
  }
}
