import { ExpiringMap } from 'common/collections'
import type { Clock } from 'common/time'
import type { Session } from 'koishi'

const RETENTION_MS = 600_000
const CAPACITY = 10_000

/** Remembers recent messages, so that one that a platform delivers again is answered once. */
export class Deduplicator {
  /** The session that brought a message, by the message. */
  private readonly seen: ExpiringMap<number>

  /**
   * @param retentionMs how long a message is remembered
   * @param capacity most messages
   */
  constructor(clock: Pick<Clock, 'monotonic'>, retentionMs = RETENTION_MS, capacity = CAPACITY) {
    this.seen = new ExpiringMap(clock, retentionMs, capacity)
  }

  /** Whether another session brought this very message before. */
  isRepeated(session: Pick<Session, 'id' | 'type' | 'platform' | 'selfId' | 'messageId'>): boolean {
    // A button may be pressed twice under the same message.
    if (!session.messageId || session.type.startsWith('interaction/')) return false
    const key = JSON.stringify([session.platform, session.selfId, session.messageId])
    const first = this.seen.peek(key)
    if (first === undefined) this.seen.set(key, session.id)
    return first !== undefined && first !== session.id
  }
}
