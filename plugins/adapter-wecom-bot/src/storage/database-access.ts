import type { Context } from 'koishi'
import type { Clock } from '../util/clock'
import { SerialQueue, withTimeout } from 'common/async'

/** How long whoever waits for a reply may wait for the database: an answer is worth more than to be sure of it. */
const PATIENCE = 1000
/** A database that is gone fails with every message, and says so once in so long. */
const SILENCE = 60_000

type Action<T> = (database: Context['database']) => Promise<T>

/** Koishi's database, which may be slow, fail, or not be there. Nothing here ever rejects; failures are for the log. */
export class Access {
  private readonly rows = new SerialQueue()
  private complained = 0

  constructor(readonly ctx: Context, readonly clock: Clock) {}

  /** @returns what the action does, or `fallback` where it fails */
  async try<T, R>(fallback: R, action: Action<T>): Promise<T | R> {
    const database = this.ctx.get('database')
    try {
      if (!database) throw new Error('no database is loaded')
      return await action(database)
    } catch (error) {
      if (this.clock.now() - this.complained > SILENCE) {
        this.complained = this.clock.now()
        this.ctx.logger('wecom-bot').warn('database: %s; turns would not survive a restart now', (error as Error).message)
      }
      return fallback
    }
  }

  /** Does what concerns the same row in turn. */
  inLine<T, R>(row: string, fallback: R, action: Action<T>): Promise<T | R> {
    return this.rows.run(row, () => this.try(fallback, action))
  }

  /**
   * Writes a row, in its line. Some drivers look for it before they insert it, and fail where another process was
   * quicker: then it is there.
   */
  put(row: string, action: Action<unknown>): Promise<unknown> {
    return this.inLine(row, undefined, database => action(database).catch(() => action(database)))
  }

  /** @returns `fallback` where it takes too long */
  soon<T, R>(promise: Promise<T>, fallback: R): Promise<T | R> {
    return withTimeout(promise, PATIENCE, this.clock, () => fallback)
  }

  /** Reads what a reply waits for. */
  read<T>(action: Action<T>): Promise<T | undefined> {
    return this.soon(this.try(undefined, action), undefined)
  }
}
