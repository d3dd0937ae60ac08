import type { Clock } from 'common/time'
import type { Context } from 'koishi'
import type { RowAccess } from '../row-access'
import { STREAM_LIFETIME_MS } from '../streams'

const SWEEP_INTERVAL_MS = 60_000
/**
 * Rows removed, and rows looked at, in one go. Other work gets its turn before the next ones. In a file of a gigabyte,
 * each removed row takes up to half a millisecond.
 */
const REMOVED_ROWS = 40
const ERASED_ROWS = 200

/** Every table with a column `expires`. */
const tables = ['wecom_bot_turn', 'wecom_bot_card', 'wecom_bot_answer', 'wecom_bot_opinion', 'wecom_bot_push'] as const

type Database = Context['database']

/** Condition that a row has not expired. */
export function unexpired(clock: Clock) {
  return { expires: { $gt: new Date(clock.now()) } }
}

/** Condition that a row has expired. */
export function expired(clock: Clock) {
  return { expires: { $lte: new Date(clock.now()) } }
}

export function expiresAfter(clock: Clock, milliseconds: number) {
  return new Date(clock.now() + milliseconds)
}

/**
 * Removes expired rows from all tables, in slices.
 * @throws what the database throws
 */
export async function removeExpired(database: Database, condition: ReturnType<typeof expired>) {
  for (const table of tables) {
    for (;;) {
      const [next] = await database.get(table, condition, { fields: ['expires'], sort: { expires: 'asc' }, limit: 1, offset: REMOVED_ROWS })
      await database.remove(table, next ? { expires: { $lte: next.expires } } : condition)
      if (!next) break
      await new Promise(setImmediate)
    }
  }
}

/** Removes expired rows once a minute, and erases the text of streams. */
export class ExpirySweep {
  private timer: unknown
  /** Texts of streams that expire until then are erased. */
  private erasedUntil = new Date(0)

  /** @param retention milliseconds after which the text of a stream is erased, before its row expires */
  constructor(readonly access: RowAccess, readonly clock: Clock, readonly retention: number) {
    this.schedule()
  }

  dispose() {
    this.clock.clearTimeout(this.timer)
  }

  private schedule() {
    this.timer = this.clock.setTimeout(() => {
      this.schedule()
      void this.sweep()
    }, SWEEP_INTERVAL_MS)
  }

  private async sweep() {
    // A row expires a lifetime after it was shown, and `expires` has an index.
    const until = expiresAfter(this.clock, STREAM_LIFETIME_MS - this.retention)
    await this.access.try(undefined, async (database) => {
      await this.erase(database, until)
      await removeExpired(database, expired(this.clock))
    })
  }

  /** In slices: the first sweep of a process looks at the rows of a whole lifetime. */
  private async erase(database: Database, until: Date) {
    while (this.erasedUntil < until) {
      const rows = { expires: { $gt: this.erasedUntil, $lte: until } }
      const [next] = await database.get('wecom_bot_turn', rows, {
        fields: ['expires'], sort: { expires: 'asc' }, limit: 1, offset: ERASED_ROWS,
      })
      const expires = { $gt: this.erasedUntil, $lte: next?.expires ?? until }
      await database.set('wecom_bot_turn', { expires, content: { $ne: '' } }, { content: '' })
      this.erasedUntil = expires.$lte
      await new Promise(setImmediate)
    }
  }
}
