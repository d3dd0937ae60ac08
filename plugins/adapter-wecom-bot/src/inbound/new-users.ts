import { LruMap } from 'common/collections'
import type { Session } from 'koishi'

const CAPACITY = 10_000

/**
 * Koishi makes its rows for people and groups it has never heard of when they first speak. Of two messages that come
 * at once it would lose one, for the row that it is about to make is there already; and WeCom cuts what somebody
 * pastes into several. So the first goes ahead, and the others follow.
 */
export class NewUsers {
  private readonly known = new LruMap<string, true>({ capacity: CAPACITY })
  private readonly meetings = new Map<string, Promise<void>>()

  /** Resolves when the database knows who speaks, and where; `undefined` where it does. */
  ensureStored(session: Session): Promise<unknown> | undefined {
    const person = this.introduceOnce(`user ${session.uid}`, () => session.observeUser(['id']))
    const group = session.isDirect ? undefined : this.introduceOnce(`group ${session.cid}`, () => session.observeChannel(['id']))
    return person && group ? Promise.all([person, group]) : person ?? group
  }

  private introduceOnce(key: string, introduce: () => Promise<unknown>): Promise<void> | undefined {
    if (this.known.get(key)) return
    const meeting = this.meetings.get(key) ?? this.introduce(key, introduce)
    this.meetings.set(key, meeting)
    return meeting
  }

  private async introduce(key: string, introduce: () => Promise<unknown>) {
    try {
      await introduce()
      this.known.set(key, true)
    } catch {
      // Koishi is about to fail in the same way, and tells of it.
    } finally {
      this.meetings.delete(key)
    }
  }
}
