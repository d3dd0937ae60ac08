import type { Clock } from 'common/time'
import { rowKey } from 'common/database'
import type { RowAccess } from '../row-access'
import type { FeedbackRecord, FeedbackStore } from '../feedback'
import { FEEDBACK_LIFETIME_MS } from '../feedback'
import { expiresAfter, unexpired } from './expiry'

export class DatabaseFeedbackStore implements FeedbackStore {
  constructor(readonly access: RowAccess, readonly clock: Clock) {}

  async save(streamId: string, record: FeedbackRecord) {
    const stream = rowKey(streamId)
    const expires = expiresAfter(this.clock, FEEDBACK_LIFETIME_MS)
    const row = { stream, userId: rowKey(record.userId), opinion: JSON.stringify(record), expires }
    await this.access.soon(this.access.put(stream, database => database.upsert('wecom_bot_opinion', [row])), undefined)
  }

  async list(streamId: string): Promise<FeedbackRecord[]> {
    return await this.access.read(async (database) => {
      const rows = await database.get('wecom_bot_opinion', { stream: rowKey(streamId), ...unexpired(this.clock) })
      return rows.map(row => JSON.parse(row.opinion))
    }) ?? []
  }
}
