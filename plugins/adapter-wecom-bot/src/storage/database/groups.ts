import type { RowAccess } from '../row-access'
import type { GroupStore } from '../groups'
import { MAX_RECORDED_GROUPS } from '../groups'

export class DatabaseGroupStore implements GroupStore {
  constructor(readonly access: RowAccess) {}

  async recordGroup(botId: string, chatId: string): Promise<string[] | undefined> {
    return this.access.inOrder(`${botId}/`, undefined, async (database) => {
      const recorded = () => database.get('wecom_bot_group', { botId })
      const before = await recorded()
      if (before.length < MAX_RECORDED_GROUPS && !before.some(row => row.chatId === chatId)) {
        // Fails if another process has inserted the row in the meantime, which has the same result.
        await database.create('wecom_bot_group', { botId, chatId }).catch(() => {})
      }
      return (await recorded()).map(row => row.chatId)
    })
  }
}
