import { describeError } from 'common/errors'
import type { StockBot } from '../api/stock-bot'
import type { UnansweredMessages } from '../storage/unanswered-messages'

export interface AskAgainOptions {
  bot: StockBot
  unanswered: UnansweredMessages
  /** The sentence for a number of messages. */
  text(count: number): string
  warn(text: string): void
}

/**
 * Asks the chats whose messages were left unanswered by a process that was killed to ask again: a sentence in each.
 * It never throws.
 * @returns whether messages were skipped, because another instance answers them or died a moment ago
 */
export async function askAgain({ bot, unanswered, text, warn }: AskAgainOptions): Promise<boolean> {
  const { left, hasSkipped } = await unanswered.takeLeft(bot.selfId)
  for (const { channelId, rows } of left) {
    try {
      await bot.sendMessage(channelId, text(rows.length))
    } catch (error) {
      await unanswered.putBack(rows)
      warn(`DingTalk: ${rows.length} messages were left unanswered by the last process, and their chat could not be told: `
        + `${describeError(error)}; trying again with the next connection`)
    }
  }
  return hasSkipped
}
