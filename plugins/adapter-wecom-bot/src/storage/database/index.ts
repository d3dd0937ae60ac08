import type { Context } from 'koishi'
import type { Clock } from 'common/time'
import { RowAccess } from '../row-access'
import type { Stores } from '../stores'
import { DatabaseCardStore } from './cards'
import { replaceOldKeys } from './old-keys'
import { DatabaseDeferredStore } from './deferred'
import { ExpirySweep } from './expiry'
import { DatabaseFeedbackStore } from './feedback'
import { DatabaseGroupStore } from './groups'
import { DatabaseStreamStore } from './streams'

/**
 * Stores in Koishi's database: they survive a killed process. If the database fails, the bot still answers, and the log
 * says what is not kept.
 * @param retention milliseconds that the text of a stream is kept
 * @param botId bot that the cards belong to
 */
export function createDatabaseStores(
  ctx: Context,
  retention: number,
  botId: string,
  clock: Clock,
): Stores {
  const access = new RowAccess(ctx, clock)
  ctx.inject(['database'], () => access.prepareWith(database => replaceOldKeys(database, clock)))
  const streams = new DatabaseStreamStore(access, clock)
  const cards = new DatabaseCardStore(access, clock, botId)
  const sweep = new ExpirySweep(access, clock, retention)
  return {
    streams,
    cards,
    feedback: new DatabaseFeedbackStore(access, clock),
    groups: new DatabaseGroupStore(access),
    deferred: new DatabaseDeferredStore(access, clock),
    async dispose() {
      sweep.dispose()
      await Promise.all([streams.dispose(), cards.dispose()])
    },
  }
}
