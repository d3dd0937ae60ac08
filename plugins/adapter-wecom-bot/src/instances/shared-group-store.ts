import type { SharedState } from 'common/shared-state'
import type { GroupStore } from '../storage/groups'

/** Longer than the pauses of most groups. The database keeps groups for good. */
const GROUPS_TTL_MS = 90 * 24 * 3600_000
/** Another instance may record a group at the same moment. */
const MAX_TRIES = 5

/** Groups that any instance has received messages from. */
export class SharedGroupStore implements GroupStore {
  /** @param state `undefined` as long as nothing is shared */
  constructor(private readonly state: () => SharedState | undefined, private readonly inner: GroupStore) {}

  async recordGroup(botId: string, chatId: string): Promise<string[] | undefined> {
    const state = this.state()
    const [own, shared] = await Promise.all([
      this.inner.recordGroup(botId, chatId),
      state && this.add(state, `wecom-bot/${botId}/groups`, chatId),
    ])
    return own && [...new Set([...own, ...shared ?? []])]
  }

  private async add(state: SharedState, key: string, chatId: string): Promise<string[]> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const before = await state.get(key)
      const groups = before ? JSON.parse(before) as string[] : []
      if (groups.length > 1 || groups.includes(chatId)) return groups
      groups.push(chatId)
      if (await state.compareAndSet(key, before, JSON.stringify(groups), GROUPS_TTL_MS)) return groups
    }
    return []
  }
}
