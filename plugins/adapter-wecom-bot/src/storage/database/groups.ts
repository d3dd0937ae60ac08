import { rowKey } from 'common/database'
import type { RowAccess } from '../row-access'
import type { GroupStore } from '../groups'
import { MAX_RECORDED_GROUPS } from '../groups'

export class DatabaseGroupStore implements GroupStore {
  constructor(readonly access: RowAccess) {}

  async recordGroup(bot: string, chat: string): Promise<string[] | undefined> {
    const botId = rowKey(bot)
    return this.access.inOrder(botId, undefined, async (database) => {
      const recorded = async () => (await database.get('wecom_bot_group', { botId })).map(row => row.chat)
      const before = await recorded()
      if (before.length >= MAX_RECORDED_GROUPS || before.includes(chat)) return before
      // Fails if another process has inserted the row in the meantime, which has the same result.
      await database.create('wecom_bot_group', { botId, chatId: rowKey(chat), chat }).catch(() => {})
      return recorded()
    })
  }
}
