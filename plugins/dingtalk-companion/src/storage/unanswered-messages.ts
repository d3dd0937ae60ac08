import { LruMap } from 'common/collections'
import { rowKey } from 'common/database'
import type { DatabaseAccess } from 'common/database'
import type { Clock } from 'common/time'
import type { SharedLeases } from '../instances/shared-leases'
import type { UnansweredRow } from './tables'

/** Later than this the person has long asked again. */
const MAX_AGE_MS = 15 * 60_000

/** Messages that are remembered because the database is away. */
const MAX_REMEMBERED = 1000

/** The request to ask again is sent so often at most where it may have arrived each time. */
const MAX_DOUBTFUL_TRIES = 3

export interface LeftMessages {
  /** Koishi's channel. */
  channelId: string
  rows: UnansweredRow[]
}

export interface Recorded {
  /** Ends when the message is recorded. */
  recorded: Promise<void>
  /** The chat has heard something, or there will be nothing to hear. */
  end(): void
  /** The answer, or a part of it, may not have arrived: the chat is told later. */
  leave(): void
}

/**
 * Records the messages that were acknowledged and of which the chat has heard nothing yet: DingTalk does not deliver
 * them again, so that after a crash only the next start can say a word. Those whose answer was lost on its way stay
 * recorded, too.
 */
export class UnansweredMessages {
  /** Row keys of messages that this process answers. */
  private readonly own = new Set<string>()
  /** Those of which it could not remove the row, because the database was away. */
  private readonly ended = new LruMap<string, true>({ capacity: MAX_REMEMBERED })
  /** Rows of lost answers that could not be written, because the database was away. */
  private readonly unwritten = new LruMap<string, UnansweredRow>({ capacity: MAX_REMEMBERED })
  /** How often a chat was told, perhaps. */
  private readonly doubtfulTries = new LruMap<string, number>({ capacity: MAX_REMEMBERED })

  constructor(
    private readonly database: DatabaseAccess,
    private readonly clock: Clock,
    private readonly shared?: SharedLeases,
  ) {}

  /**
   * Records a message.
   * @param appKey of the robot that received it
   */
  add(appKey: string, messageId: string, channelId: string): Recorded {
    const id = rowKey(appKey, messageId)
    // Delivered again while it is being answered.
    if (this.own.has(id)) return { recorded: Promise.resolve(), end: () => {}, leave: () => {} }
    this.own.add(id)
    const row = { id, app: rowKey(appKey), channelId, at: new Date(this.clock.now()) }
    const recorded = this.record(row)
    return {
      recorded,
      end: () => {
        if (this.own.delete(id)) void recorded.then(() => this.delete(id))
      },
      leave: () => {
        this.own.delete(id)
        void recorded.then(() => this.leaveRow(row))
      },
    }
  }

  /**
   * Takes the messages to an app whose answers were lost, or that a process left when it was killed, each once.
   * @returns by channel, without those that are too old; `hasSkipped` if some belong to another instance, or to one
   * that died a moment ago
   */
  async takeLeft(appKey: string): Promise<{ left: LeftMessages[], hasSkipped: boolean }> {
    const app = rowKey(appKey)
    const written = await this.database.try(database => database.get('dingtalk_unanswered', { app })) ?? []
    const rows = [...written, ...[...this.unwritten.values()].filter(row => row.app === app)]
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
      const isLeft = this.unwritten.delete(id) || (removed?.matched && !isOver)
      // The row of one that is told of from memory may still be there when the database is back.
      if (!removed) this.ended.set(id, true)
      const isTold = isLeft && Math.abs(this.clock.now() - at.getTime()) <= MAX_AGE_MS
      if (isTold) chats.set(channelId, [...chats.get(channelId) ?? [], row])
    }
    return { left: [...chats].map(([channelId, rows]) => ({ channelId, rows })), hasSkipped }
  }

  /**
   * Their chat could not be told.
   * @param isDoubtful whether it may have been told
   * @returns whether it is tried again
   */
  async putBack(rows: UnansweredRow[], isDoubtful: boolean): Promise<boolean> {
    const kept = rows.filter(({ id }) => !isDoubtful || this.countDoubtful(id) < MAX_DOUBTFUL_TRIES)
    await Promise.all(kept.map(row => this.leaveRow(row)))
    return kept.length > 0
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

  private async leaveRow(row: UnansweredRow) {
    this.ended.delete(row.id)
    const written = await this.database.try(database => database.upsert('dingtalk_unanswered', [row]))
    if (!written) this.unwritten.set(row.id, row)
    await this.shared?.release(row.id)
  }

  private countDoubtful(id: string): number {
    const tries = (this.doubtfulTries.get(id) ?? 0) + 1
    this.doubtfulTries.set(id, tries)
    return tries
  }

  private async delete(id: string) {
    const removed = await this.database.try(database => database.remove('dingtalk_unanswered', { id }))
    if (!removed) this.ended.set(id, true)
    await this.shared?.release(id)
  }
}
