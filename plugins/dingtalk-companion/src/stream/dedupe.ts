import type { Context, Session } from 'koishi'
import { withTimeout } from 'common/async'
import { ExpiringMap } from 'common/collections'
import type { SharedState } from 'common/shared-state'
import type { Clock } from 'common/time'
import { rowKey } from 'common/database'
import type { DatabaseAccess } from 'common/database'

const RETENTION_MS = 600_000

const SWEEP_INTERVAL_MS = 60_000

/** A database that does not answer must not keep the message from being answered. */
const CLAIM_TIMEOUT_MS = 2000

const MAX_MESSAGES = 10_000

/**
 * Recognises messages that are delivered again, for ten minutes, across restarts where there is a database, and
 * over all instances that share state.
 * @see https://open.dingtalk.com/document/direction/stream-mode-protocol-access-description
 */
export class MessageDeduplicator {
  /** Id of a message to the id of the session that brought it first. */
  private readonly seen: ExpiringMap<number>
  private sweptAt = -Infinity

  /** @param state `undefined` as long as nothing is shared */
  constructor(
    private readonly database: DatabaseAccess,
    private readonly clock: Clock,
    private readonly state: () => SharedState | undefined = () => undefined,
  ) {
    this.seen = new ExpiringMap(clock, RETENTION_MS, MAX_MESSAGES)
  }

  /** Whether another session brought the same message before. Call it once per session. */
  async isRepeated({ id: session, selfId, messageId }: Pick<Session, 'id' | 'selfId' | 'messageId'>): Promise<boolean> {
    if (!messageId) return false
    const id = rowKey(selfId, messageId)
    const known = this.seen.get(id)
    if (known !== undefined) return known !== session
    this.seen.set(id, session)
    return withTimeout(this.wasClaimed(id, session), CLAIM_TIMEOUT_MS, this.clock, () => false)
  }

  private async wasClaimed(id: string, session: number): Promise<boolean> {
    const state = this.state()
    if (state) {
      const claim = `${state.instance}/${session}`
      if (await state.claim(`dingtalk/message/${id}`, claim, RETENTION_MS) !== claim) return true
    }
    return this.wasStored(id, this.clock.now())
  }

  /**
   * Claims a message for this process. However many processes try at once, inserting its row succeeds once.
   */
  private async wasStored(id: string, now: number): Promise<boolean> {
    return await this.database.try(async (database) => {
      await this.sweep(database, now)
      const [known] = await database.get('gemini_dingtalk_message', { id })
      if (known && now - known.at.getTime() < RETENTION_MS) return true
      if (known) await database.remove('gemini_dingtalk_message', { id, at: known.at })
      try {
        await database.create('gemini_dingtalk_message', { id, at: new Date(now) })
        return false
      } catch (error) {
        const [winner] = await database.get('gemini_dingtalk_message', { id })
        if (!winner) throw error
        return true
      }
    }) ?? false
  }

  private async sweep(database: Context['database'], now: number) {
    const uptime = this.clock.monotonic()
    if (uptime - this.sweptAt < SWEEP_INTERVAL_MS) return
    this.sweptAt = uptime
    await database.remove('gemini_dingtalk_message', { at: { $lte: new Date(now - RETENTION_MS) } })
  }
}
