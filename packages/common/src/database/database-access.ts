import type { Context, Logger } from 'koishi'
import { describeError } from '../errors'
import type { Clock } from '../time'
import type { DatabaseBreaker } from './database-breaker'
import { breakerOf } from './database-breaker'

export type DatabaseTask<T> = (database: Context['database']) => Promise<T>

export interface DatabaseAccessOptions {
  clock: Pick<Clock, 'monotonic'>
  logger: Pick<Logger, 'info' | 'warn'>
  /** What is stored, for the log: `could not access <subject> in the database: …`. */
  subject: string
  /** What a failure means for the operator, for the log. */
  consequence?: string
  /** Counts a missing database as a failure. */
  isRequired?: boolean
  /** Runs before the first task, such as to bring rows of earlier versions into today's form; again after a failure. */
  prepare?: DatabaseTask<unknown>
}

const LOG_INTERVAL_MS = 60_000

/**
 * Koishi's database, which may not be loaded, may fail, and may come back. There is one policy for that: a failure is
 * logged at most once a minute, recovery once, and callers get an error only where they ask for it. A database that is
 * locked or does not answer is asked only now and then, so that not every call waits for it.
 */
export class DatabaseAccess {
  private loggedAt = -Infinity
  private hasLoggedFailure = false
  private prepared?: Promise<unknown>
  private readonly breaker: DatabaseBreaker

  constructor(private readonly ctx: Context, private readonly options: DatabaseAccessOptions) {
    this.breaker = breakerOf(ctx)
  }

  /** Whether a database is loaded at present. */
  get isLoaded(): boolean {
    return !!this.ctx.get('database')
  }

  /**
   * Runs a task for whose result the caller has a substitute. Never throws; failures are logged.
   * @returns `undefined` without a database, and where the task fails
   */
  async try<T>(task: DatabaseTask<T>): Promise<T | undefined> {
    if (this.isLoaded || this.options.isRequired) return this.guard(() => this.run(task))
  }

  /**
   * Runs a task whose failure the caller reports.
   * @throws what the task throws, and an `Error` without a database, where it is unloaded before the task has ended,
   * and where it is locked or does not answer
   */
  async run<T>(task: DatabaseTask<T>): Promise<T> {
    const database = this.ctx.get('database')
    if (!database) throw new Error('no database is loaded')
    try {
      const result = await this.breaker.run(async () => {
        await this.prepare(database)
        return task(database)
      })
      this.logRecovery()
      return result
    } catch (error) {
      // Without its driver, Koishi's database fails with errors of its internals.
      throw this.isLoaded ? error : new Error('the database was unloaded meanwhile')
    }
  }

  /** Runs anything that uses the database through `run`, by the same policy as `try`. */
  async guard<T>(task: () => Promise<T>): Promise<T | undefined> {
    try {
      return await task()
    } catch (error) {
      this.logFailure(error)
    }
  }

  private async prepare(database: Context['database']) {
    const { prepare } = this.options
    if (!prepare) return
    this.prepared ??= prepare(database)
    try {
      await this.prepared
    } catch (error) {
      this.prepared = undefined
      throw error
    }
  }

  private logFailure(error: unknown) {
    const { clock, logger, subject, consequence } = this.options
    const now = clock.monotonic()
    if (now - this.loggedAt < LOG_INTERVAL_MS) return
    this.loggedAt = now
    this.hasLoggedFailure = true
    const reason = [withoutValues(describeError(error)), consequence].filter(Boolean).join('; ')
    logger.warn('could not access %s in the database: %s', subject, reason)
  }

  private logRecovery() {
    if (!this.hasLoggedFailure) return
    this.hasLoggedFailure = false
    this.options.logger.info('access to %s in the database works again', this.options.subject)
  }
}

/** Databases quote values in their messages, which may be what people wrote. */
function withoutValues(message: string): string {
  return message.replace(/(["'`])(?:(?!\1)[^\\]|\\.)*(?:\1|$)/g, '$1…$1')
}
