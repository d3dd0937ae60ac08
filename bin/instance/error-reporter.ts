/** Reports per kind of error and minute; further ones are only counted. */
const MAX_PER_MINUTE = 5
const MINUTE_MS = 60_000
/** Maximum number of distinct kinds to remember. */
const MAX_KINDS = 200

interface Kind {
  since: number
  count: number
}

/**
 * Reports unhandled errors, at most a few per minute of each kind. Errors caused by the log itself are not logged,
 * because that would cause further errors.
 */
export class ErrorReporter {
  private readonly kinds = new Map<string, Kind>()

  /**
   * @param now monotonic milliseconds
   * @param log logs an error
   * @param print prints a line without the log
   */
  constructor(
    private readonly now: () => number,
    private readonly log: (error: unknown) => void,
    private readonly print: (line: string) => void,
  ) {}

  /** @param isOfLog whether the error was caused by writing the log */
  report(error: unknown, isOfLog = false) {
    const message = error instanceof Error ? `${error.name}: ${error.message.split('\n', 1)[0]}` : String(error)
    const key = message.replace(/\d+/g, '#').slice(0, 200)
    const now = this.now()
    let kind = this.kinds.get(key)
    if (!kind || now - kind.since >= MINUTE_MS) {
      if (kind && kind.count > MAX_PER_MINUTE) {
        this.print(`${message} (${kind.count - MAX_PER_MINUTE} more in the previous minute)`)
      }
      if (this.kinds.size >= MAX_KINDS) this.kinds.clear()
      this.kinds.set(key, kind = { since: now, count: 0 })
    }
    if (++kind.count > MAX_PER_MINUTE) return
    if (isOfLog) this.print(message)
    else this.log(error)
  }
}
