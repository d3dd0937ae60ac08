/** Reports of one kind in one minute; the rest is counted. */
const MAX_PER_MINUTE = 5
const MINUTE_MS = 60_000
/** Kinds that are told apart. */
const MAX_KINDS = 200

interface Kind {
  since: number
  count: number
}

/**
 * Reports errors that reached no handler, a few a minute of each kind. An error that the log itself causes is not
 * reported through the log: it would fail again, and report that.
 */
export class ErrorReporter {
  private readonly kinds = new Map<string, Kind>()

  /**
   * @param now monotonic milliseconds
   * @param log takes an error into the log
   * @param print writes a line without the log
   */
  constructor(
    private readonly now: () => number,
    private readonly log: (error: unknown) => void,
    private readonly print: (line: string) => void,
  ) {}

  /** @param isOfLog the error comes from writing the log */
  report(error: unknown, isOfLog = false) {
    const message = error instanceof Error ? `${error.name}: ${error.message.split('\n', 1)[0]}` : String(error)
    const key = message.replace(/\d+/g, '#').slice(0, 200)
    const now = this.now()
    let kind = this.kinds.get(key)
    if (!kind || now - kind.since >= MINUTE_MS) {
      if (kind && kind.count > MAX_PER_MINUTE) {
        this.print(`${message} (${kind.count - MAX_PER_MINUTE} more in the minute before)`)
      }
      if (this.kinds.size >= MAX_KINDS) this.kinds.clear()
      this.kinds.set(key, kind = { since: now, count: 0 })
    }
    if (++kind.count > MAX_PER_MINUTE) return
    if (isOfLog) this.print(message)
    else this.log(error)
  }
}
