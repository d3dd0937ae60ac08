import type { Session } from 'koishi'

/** Remembers recent messages, so that one that a platform delivers again is answered once. */
export class Deduplicator {
  /** The session that brought a message, and when, by the message; oldest first. */
  private readonly seen = new Map<string, { session: number, at: number }>()

  constructor(
    private readonly now: () => number,
    private readonly retentionMs = 600_000,
    private readonly capacity = 10_000,
  ) {}

  /** Whether another session brought this very message before. */
  isRepeated(session: Pick<Session, 'id' | 'type' | 'platform' | 'selfId' | 'messageId'>): boolean {
    // A button may be pressed twice under the same message.
    if (!session.messageId || session.type.startsWith('interaction/')) return false
    const key = JSON.stringify([session.platform, session.selfId, session.messageId])
    this.expire()
    const known = this.seen.get(key)
    if (known) return known.session !== session.id
    this.seen.set(key, { session: session.id, at: this.now() })
    return false
  }

  private expire() {
    for (const [key, { at }] of this.seen) {
      if (this.seen.size < this.capacity && this.now() - at < this.retentionMs) break
      this.seen.delete(key)
    }
  }
}
