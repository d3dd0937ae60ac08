import { SingleFlight } from 'common/async'
import { LruMap } from 'common/collections'
import type { Session } from 'koishi'

const MAX_KNOWN = 10_000

/**
 * Koishi creates the database row of a person or a group with their first message. If two first messages arrive at
 * once, the second insert fails and Koishi drops the message; WeCom splits long pasted texts into several messages. So
 * the first message of a person or group creates the row, and the others wait for it.
 */
export class NewUsers {
  private readonly known = new LruMap<string, true>({ capacity: MAX_KNOWN })
  private readonly pending = new SingleFlight<void>()

  /** Resolves when the rows of the session's user and channel exist; `undefined` if they are known to. */
  ensureStored(session: Session): Promise<unknown> | undefined {
    const user = this.storeOnce(`user ${session.uid}`, () => session.observeUser(['id']))
    const channel = session.isDirect ? undefined : this.storeOnce(`group ${session.cid}`, () => session.observeChannel(['id']))
    return user && channel ? Promise.all([user, channel]) : user ?? channel
  }

  private storeOnce(key: string, store: () => Promise<unknown>): Promise<void> | undefined {
    if (this.known.get(key)) return
    return this.pending.run(key, async () => {
      // If it fails, Koishi is about to fail in the same way, and reports it.
      await store().then(() => this.known.set(key, true), () => {})
    })
  }
}
