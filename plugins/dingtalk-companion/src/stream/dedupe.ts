import type { Session } from 'koishi'
import { ExpiringMap } from 'common/collections'
import type { Clock } from 'common/time'
import type { DatabaseAccess } from 'common/database'

const RETENTION_MS = 600_000

const MAX_MESSAGES = 10_000

/**
 * Recognises messages that are delivered again, for ten minutes, and across restarts where there is a database.
 * @see https://open.dingtalk.com/document/direction/stream-mode-protocol-access-description
 */
export class MessageDeduplicator {
  /** Id of a message to the id of the session that brought it first. */
  private readonly seen: ExpiringMap<number>
  private sweptAt = -Infinity

  constructor(private readonly database: DatabaseAccess, private readonly clock: Clock) {
    this.seen = new ExpiringMap(clock, RETENTION_MS, MAX_MESSAGES)
  }

  /** Whether another session brought the same message before. Call it once per session. */
  async isRepeated({ id: session, selfId, messageId }: Pick<Session, 'id' | 'selfId' | 'messageId'>): Promise<boolean> {
    if (!messageId) return false
    const id = `${selfId}:${messageId}`
    const known = this.seen.get(id)
    if (known !== undefined) return known !== session
    this.seen.set(id, session)
    return await this.wasStored(id)
  }

  private async wasStored(id: string): Promise<boolean> {
    const now = this.clock.now()
    const uptime = this.clock.monotonic()
    return await this.database.try(async (database) => {
      const [known] = await database.get('gemini_dingtalk_message', { id })
      if (known && now - known.at.getTime() < RETENTION_MS) return true
      await database.upsert('gemini_dingtalk_message', [{ id, at: new Date(now) }])
      if (uptime - this.sweptAt < RETENTION_MS) return false
      this.sweptAt = uptime
      await database.remove('gemini_dingtalk_message', { at: { $lte: new Date(now - RETENTION_MS) } })
      return false
    }) ?? false
  }
}
