import { describeError } from 'common/errors'
import type { Clock } from 'common/time'
import type { Logger } from 'koishi'

/** How long a command may take, once for each failure: then the server is not asked. A reply to WeCom waits for it. */
export const COMMAND_TIMEOUT_MS = 1000
/** The first look after a failure comes soon: most are over at once. */
const FIRST_PROBE_MS = 250
const PROBE_INTERVAL_MS = 1000
const LOG_INTERVAL_MS = 60_000
/** A connection that stands but has not answered this many probes is made anew. */
const PROBES_BEFORE_RECONNECT = 5
/** All instances have noticed that the server answers again, and have renewed what they hold: some probes. */
const RECOVERY_MS = 5000

export interface CircuitOptions {
  clock: Pick<Clock, 'monotonic' | 'setTimeout' | 'clearTimeout'>
  logger: Pick<Logger, 'info' | 'warn'>
  /** Resolves when there was time to connect for the first time. */
  started: Promise<unknown>
  /** Rejects while the server does not answer, or takes no changes. */
  probe(): Promise<unknown>
  /** Finds the cause of a failure. */
  reasonOf(error: unknown): unknown
  reconnect(): void
  /** The server answers again. */
  healed(): void
}

/**
 * Decides whether the server is asked. After a failure it is not, so that nothing waits for it, until a probe is
 * answered. A failure that outlasts the first probe is logged, at most once a minute, and so is its end.
 */
export class Circuit {
  /** Number of failures so far that opened the circuit. */
  epoch = 0
  private isOpened = false
  private timer: unknown
  private loggedAt = -Infinity
  private failedProbes = 0
  private isDisposed = false
  /** When the server answered again, on the monotonic clock. */
  private healedAt = -Infinity
  private starting?: Promise<void>

  constructor(private readonly options: CircuitOptions) {
    this.starting = options.started.then(() => void (this.starting = undefined))
  }

  /** The server does not answer at present. */
  get isOpen() {
    return this.isOpened
  }

  /** It does not answer, or has only just begun to do so again: other instances may not have noticed. */
  get isRecovering() {
    return this.isOpened || this.options.clock.monotonic() - this.healedAt < RECOVERY_MS
  }

  /** Runs a task that asks the server, or its substitute while the server does not answer. */
  async run<T>(task: () => Promise<T>, substitute: () => Promise<T>): Promise<T> {
    if (this.starting) await this.starting
    if (this.isOpened) return substitute()
    try {
      return await this.inTime(task())
    } catch {
      this.open()
      return substitute()
    }
  }

  /** @throws if there is no answer in time. Answers that arrived while this process was busy count. */
  private async inTime<T>(answer: Promise<T>): Promise<T> {
    const { clock } = this.options
    let timer: unknown
    const timeout = new Promise<never>((_, reject) => {
      const giveUp = () => reject(new Error(`no answer within ${COMMAND_TIMEOUT_MS} ms`))
      // Timers fire before the answers that have arrived are read.
      timer = clock.setTimeout(() => setImmediate(() => setImmediate(giveUp)), COMMAND_TIMEOUT_MS)
    })
    try {
      return await Promise.race([answer, timeout])
    } finally {
      clock.clearTimeout(timer)
    }
  }

  /** The server has failed, or the connection to it: it is probed from now on. */
  open() {
    if (this.isDisposed || this.isOpened) return
    this.isOpened = true
    this.epoch++
    this.failedProbes = 0
    this.schedule(FIRST_PROBE_MS)
  }

  dispose() {
    this.isDisposed = true
    this.options.clock.clearTimeout(this.timer)
  }

  private schedule(delayMs: number) {
    this.timer = this.options.clock.setTimeout(() => void this.probe(), delayMs)
  }

  private async probe() {
    try {
      await this.inTime(this.options.probe())
    } catch (error) {
      if (this.isDisposed) return
      this.logFailure(error)
      if (++this.failedProbes % PROBES_BEFORE_RECONNECT === 0) this.options.reconnect()
      return this.schedule(PROBE_INTERVAL_MS)
    }
    if (this.isDisposed) return
    this.isOpened = false
    this.healedAt = this.options.clock.monotonic()
    this.options.healed()
    if (this.loggedAt === -Infinity) return
    this.loggedAt = -Infinity
    this.options.logger.info('Redis answers again: the instances share their state')
  }

  private logFailure(error: unknown) {
    const { clock, logger, reasonOf } = this.options
    const now = clock.monotonic()
    if (now - this.loggedAt < LOG_INTERVAL_MS) return
    this.loggedAt = now
    logger.warn('Redis does not answer (%s): this instance acts alone until it does. Check the server and REDIS_URL',
      describeError(reasonOf(error)))
  }
}
