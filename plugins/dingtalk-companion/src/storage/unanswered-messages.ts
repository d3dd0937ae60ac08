import { LruMap } from 'common/collections'
import { rowKey } from 'common/database'
import type { DatabaseAccess } from 'common/database'
import type { Clock } from 'common/time'
import type { SharedLeases } from '../instances/shared-leases'
import type { UnansweredRow } from './tables'

/** Later than this the person has long asked again. */
const MAX_AGE_MS = 15 * 60_000

const MAX_ENDED = 1000

export interface LeftMessages {
  /** Koishi's channel. */
  channelId: string
  rows: UnansweredRow[]
}

/**
 * Records the messages that were acknowledged and of which the chat has heard nothing yet: DingTalk does not deliver
 * them again, so that only the next start can say a word after a crash.
 */
export class UnansweredMessages {
  /** Row keys of messages that this process answers. */
  private readonly own = new Set<string>()
  /** Those of which it could not remove the row, because the database was away. */
  private readonly ended = new LruMap<string, true>({ capacity: MAX_ENDED })

  constructor(
    private readonly database: DatabaseAccess,
    private readonly clock: Clock,
    private readonly shared?: SharedLeases,
  ) {}

  /**
   * Records a message.
   * @param appKey of the robot that received it
   * @returns when it is recorded, and what to call when the chat has heard something, or there will be nothing to hear
   */
  add(appKey: string, messageId: string, channelId: string): { recorded: Promise<void>, end: () => void } {
    const id = rowKey(appKey, messageId)
    // Delivered again while it is being answered.
    if (this.own.has(id)) return { recorded: Promise.resolve(), end: () => {} }
    this.own.add(id)
    const row = { id, app: rowKey(appKey), channelId, at: new Date(this.clock.now()) }
    const recorded = this.record(row)
    return {
      recorded,
      end: () => {
        if (this.own.delete(id)) void recorded.then(() => this.delete(id))
      },
    }
  }

  /**
   * Takes the messages to an app that a process left when it was killed, each once.
   * @returns by channel, without those that are too old; `hasSkipped` if some belong to another instance, or to one
   * that died a moment ago
   */
  async takeLeft(appKey: string): Promise<{ left: LeftMessages[], hasSkipped: boolean }> {
    const query = { app: rowKey(appKey) }
    const rows = await this.database.try(database => database.get('dingtalk_unanswered', query)) ?? []
    const chats = new Map<string, UnansweredRow[]>()
    let hasSkipped = false
    for (const row of rows) {
      const { id, channelId, at } = row
      if (this.own.has(id)) continue
      if (this.shared && !await this.shared.takeOver(id)) {
        hasSkipped = true
        continue
      }
      const removed = await this.database.try(database => database.remove('dingtalk_unanswered', { id }))
      await this.shared?.release(id)
      const isOver = this.ended.get(id)
      const isTold = removed?.matched && !isOver && Math.abs(this.clock.now() - at.getTime()) <= MAX_AGE_MS
      if (isTold) chats.set(channelId, [...chats.get(channelId) ?? [], row])
    }
    return { left: [...chats].map(([channelId, rows]) => ({ channelId, rows })), hasSkipped }
  }

  /** Their chat could not be told: it is tried again with the next connection. */
  async putBack(rows: UnansweredRow[]) {
    await this.database.try(database => database.upsert('dingtalk_unanswered', rows))
  }

  /** The process ends: what is unanswered is told of at the next start. */
  leave() {
    for (const id of this.own) void this.shared?.release(id)
    this.own.clear()
  }

  private async record(row: UnansweredRow) {
    // Before the row, which other instances would take for one that was left.
    await this.shared?.hold(row.id)
    await this.database.try(database => database.upsert('dingtalk_unanswered', [row]))
  }

  private async delete(id: string) {
    const removed = await this.database.try(database => database.remove('dingtalk_unanswered', { id }))
    if (!removed) this.ended.set(id, true)
    await this.shared?.release(id)
  }
}
