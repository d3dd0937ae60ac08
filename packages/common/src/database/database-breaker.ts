import type { Context } from 'koishi'
import type { Clock } from '../time'
import { systemClock } from '../time'

/** A call that fails after this long has waited, for a lock for instance: the next one would wait as long. */
const SLOW_FAILURE_MS = 500
/** A call counts as failed after this long if meanwhile no other one has succeeded. */
const SILENCE_MS = 5000
/** Between two calls that find out whether the database works again. */
const RETRY_MS = 5000
/** How long such a call waits. */
const PROBE_LIMIT_MS = 1000

/** The database is not asked, because it has just not answered, or was locked. */
export class DatabaseUnavailableError extends Error {
  override name = 'DatabaseUnavailableError'
}

type BreakerClock = Pick<Clock, 'monotonic' | 'setTimeout' | 'clearTimeout'>

interface Call {
  startedAt: number
  fail(error: Error): void
}

/**
 * Keeps a database that is locked or does not answer from delaying everything: the first call waits, those after it
 * fail at once, and every few seconds one finds out whether it works again. A call that is failed here may go on, and
 * a success of it counts.
 */
export class DatabaseBreaker {
  private readonly calls = new Set<Call>()
  private succeededAt = -Infinity
  /** Set while the database is not asked: when the next call is let through. */
  private retryAt?: number
  private timer: unknown

  constructor(private readonly clock: BreakerClock) {}

  /** Calls fail at once. */
  get isOpen(): boolean {
    return this.retryAt !== undefined
  }

  /** @throws what the task throws, and a `DatabaseUnavailableError` where the database is not asked or too slow */
  run<T>(task: () => Promise<T>): Promise<T> {
    const now = this.clock.monotonic()
    const isProbe = this.retryAt !== undefined
    if (this.retryAt !== undefined) {
      if (now < this.retryAt) return Promise.reject(unavailable())
      this.retryAt = now + RETRY_MS
    }
    return new Promise((resolve, reject) => {
      const call: Call = { startedAt: now, fail: reject }
      this.calls.add(call)
      const limit = isProbe ? this.clock.setTimeout(() => reject(unavailable()), PROBE_LIMIT_MS) : undefined
      const end = () => {
        this.clock.clearTimeout(limit)
        this.calls.delete(call)
        if (!this.calls.size) this.watch(false)
      }
      this.start(task).then((value) => {
        end()
        this.succeeded()
        resolve(value)
      }, (error) => {
        end()
        this.failed(now)
        reject(error as Error)
      })
      this.watch(true)
    })
  }

  private async start<T>(task: () => Promise<T>): Promise<T> {
    return task()
  }

  private succeeded() {
    this.succeededAt = this.clock.monotonic()
    this.retryAt = undefined
  }

  /** Where another call has succeeded since this one began, there is no lock. */
  private failed(startedAt: number) {
    const now = this.clock.monotonic()
    if (now - startedAt >= SLOW_FAILURE_MS && this.succeededAt <= startedAt) this.retryAt ??= now + RETRY_MS
  }

  /** One timer for all calls, as long as there are any. */
  private watch(isNeeded: boolean) {
    if (isNeeded === (this.timer !== undefined)) return
    this.clock.clearTimeout(this.timer)
    this.timer = isNeeded ? this.clock.setTimeout(() => void this.look(), SILENCE_MS) : undefined
  }

  private async look() {
    this.timer = undefined
    // An event loop that was blocked has results to hand on first.
    for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve))
    const now = this.clock.monotonic()
    for (const call of this.calls) {
      if (now - call.startedAt < SILENCE_MS || this.succeededAt > call.startedAt) continue
      this.retryAt ??= now + RETRY_MS
      call.fail(new DatabaseUnavailableError(`no response within ${SILENCE_MS / 1000} s`))
      // It may never end.
      this.calls.delete(call)
    }
    if (this.calls.size) this.watch(true)
  }
}

function unavailable() {
  return new DatabaseUnavailableError('the database is locked or does not answer, and is not asked for the moment')
}

/** Shared by the plugins, of which each has its own copy of this module. */
const breakers = ((globalThis as Record<symbol, unknown>)[Symbol.for('koishi.database-breakers')]
  ??= new WeakMap()) as WeakMap<object, DatabaseBreaker>

/** The breaker of the database of an instance. @param clock of a breaker that is created now */
export function breakerOf(ctx: Context, clock: BreakerClock = systemClock): DatabaseBreaker {
  const key = ctx.root ?? ctx
  let breaker = breakers.get(key)
  if (!breaker) breakers.set(key, breaker = new DatabaseBreaker(clock))
  return breaker
}
