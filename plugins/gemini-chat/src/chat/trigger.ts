import type { Session } from 'koishi'

/** These deliver a group message only when it mentions the bot, and their adapters drop the mention itself. */
const mentionOnly = new Set(['dingtalk'])

/** Whether a message is meant for the bot: said to it alone, or in a group with its name. */
export function isAddressed(session: Pick<Session, 'isDirect' | 'platform' | 'stripped'>): boolean {
  if (session.isDirect || mentionOnly.has(session.platform)) return true
  return session.stripped.appel || session.stripped.atSelf
}

/** Remembers for a while which messages came by: DingTalk delivers those again that take long to answer. */
export class Deduplicator {
  /** Message to the session it came with and the time it came at, oldest first. */
  private readonly seen = new Map<string, { session: number, at: number }>()

  constructor(
    private readonly now: () => number,
    private readonly retention = 600_000,
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
      if (this.seen.size < this.capacity && this.now() - at < this.retention) break
      this.seen.delete(key)
    }
  }
}
