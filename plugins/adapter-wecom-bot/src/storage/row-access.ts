import { SerialQueue, withTimeout } from 'common/async'
import { DatabaseAccess } from 'common/database'
import type { DatabaseTask } from 'common/database'
import type { Context } from 'koishi'
import type { Clock } from 'common/time'

/** How long a reply may wait for the database; an answer matters more than what the database knows. */
const REPLY_TIMEOUT_MS = 1000

/** Rows of Koishi's database, which may be slow, fail, or not be loaded. Nothing here ever rejects. */
export class RowAccess {
  private readonly rows = new SerialQueue()
  private readonly database: DatabaseAccess
  private preparation: Promise<void> | undefined

  /** Rows of an earlier version may still have their old keys. */
  hasOldKeys = true

  constructor(readonly ctx: Context, readonly clock: Clock) {
    this.database = new DatabaseAccess(ctx, {
      clock,
      logger: ctx.logger('wecom-bot'),
      subject: 'turns and cards',
      consequence: 'they would not survive a restart now',
      isRequired: true,
    })
  }

  /** Runs a task before all others, except those of `tryAtOnce`. It is run again with the next database if it fails. */
  prepareWith(task: DatabaseTask<unknown>) {
    this.preparation = this.tryAtOnce(true, async (database) => {
      await task(database)
      return false
    }).then((hasOldKeys) => {
      this.hasOldKeys = hasOldKeys
      this.preparation = undefined
    })
  }

  /** @returns the result of the task, or `fallback` if it fails */
  async try<T, R>(fallback: R, task: DatabaseTask<T>): Promise<T | R> {
    if (this.preparation) await this.preparation
    return this.tryAtOnce(fallback, task)
  }

  /** Does not wait for old keys to be replaced. */
  async tryAtOnce<T, R>(fallback: R, task: DatabaseTask<T>): Promise<T | R> {
    const done = await this.database.try(async database => ({ result: await task(database) }))
    return done ? done.result : fallback
  }

  /** Runs tasks of the same row one after the other. */
  inOrder<T, R>(row: string, fallback: R, task: DatabaseTask<T>): Promise<T | R> {
    return this.rows.run(row, () => this.try(fallback, task))
  }

  /**
   * Writes a row, after earlier tasks of that row. Some drivers look for a row before they insert it, and fail if
   * another process was faster: then it exists, and a second try updates it.
   */
  put(row: string, task: DatabaseTask<unknown>): Promise<unknown> {
    return this.inOrder(row, undefined, database => task(database).catch(() => task(database)))
  }

  /** @returns `fallback` if it takes longer than a reply may wait */
  soon<T, R>(promise: Promise<T>, fallback: R): Promise<T | R> {
    return withTimeout(promise, REPLY_TIMEOUT_MS, this.clock, () => fallback)
  }

  /** Reads what a reply waits for. */
  read<T>(task: DatabaseTask<T>): Promise<T | undefined> {
    return this.soon(this.try(undefined, task), undefined)
  }
}
