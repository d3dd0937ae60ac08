import type { Clock } from 'common/time'
import type { RowAccess } from '../row-access'
import type { DeferredMessage, DeferredStore } from '../deferred'
import { DEFERRED_LIFETIME_MS } from '../deferred'
import { expiresAfter, unexpired } from './expiry'

/** Deferred messages in the database. Removing a row is atomic, so each message goes to the process that removed it. */
export class DatabaseDeferredStore implements DeferredStore {
  constructor(readonly access: RowAccess, readonly clock: Clock) {}

  async deferMessages(messages: DeferredMessage[]): Promise<boolean> {
    const expires = expiresAfter(this.clock, DEFERRED_LIFETIME_MS)
    return this.access.try(false, async (database) => {
      const stored: number[] = []
      try {
        for (const { target, body } of messages) {
          stored.push((await database.create('wecom_bot_push', { target, body: JSON.stringify(body), expires })).id)
        }
        return true
      } catch (error) {
        // The caller reports all of them as lost, so none may be sent later.
        await database.remove('wecom_bot_push', { id: stored }).catch(() => {})
        throw error
      }
    })
  }

  async takeDeferred(targets: string[]): Promise<DeferredMessage[]> {
    return this.access.try([], async (database) => {
      const condition = { target: targets, ...unexpired(this.clock) }
      const rows = await database.get('wecom_bot_push', condition, { sort: { id: 'asc' } })
      const taken: DeferredMessage[] = []
      for (const { id, target, body } of rows) {
        const { removed } = await database.remove('wecom_bot_push', { id })
        if (removed) taken.push({ target, body: JSON.parse(body) })
      }
      return taken
    })
  }
}
