/** Most groups recorded for a bot: it only matters whether there is exactly one. */
export const MAX_RECORDED_GROUPS = 2

/** Groups that a bot received messages from. Entries do not expire. */
export interface GroupStore {
  /**
   * Records a group.
   * @returns all recorded groups of the bot, including this one; `undefined` if they could not be read
   */
  recordGroup(botId: string, chatId: string): Promise<string[] | undefined>
}

/** Without a database nothing is known from earlier processes; the webhook registry keeps the groups of this one. */
export class MemoryGroupStore implements GroupStore {
  async recordGroup(_botId: string, chatId: string) {
    return [chatId]
  }
}
