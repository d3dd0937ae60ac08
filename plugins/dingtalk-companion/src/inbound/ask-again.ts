import { describeError } from 'common/errors'
import type { DingtalkError } from '../api/error'
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
 * Asks the chats to ask again whose answers were lost on their way, or not made by a process that was killed: a
 * sentence in each. It never throws.
 * @returns `hasSkipped` if another instance answers some of the messages or died a moment ago, `hasFailed` if chats
 * could not be told and it is to be tried again
 */
export async function askAgain(
  { bot, unanswered, text, warn }: AskAgainOptions,
): Promise<{ hasSkipped: boolean, hasFailed: boolean }> {
  const { left, hasSkipped } = await unanswered.takeLeft(bot.selfId)
  let hasFailed = false
  for (const { channelId, rows } of left) {
    try {
      await bot.sendMessage(channelId, text(rows.length))
    } catch (error) {
      const isKept = await unanswered.putBack(rows, (error as DingtalkError).code === 'dingtalk/connection-failed')
      hasFailed ||= isKept
      warn(`DingTalk: ${rows.length} messages stayed unanswered, and their chat could not be told: ${describeError(error)}; `
        + (isKept ? 'trying again in some minutes and with the next connection' : 'giving up'))
    }
  }
  return { hasSkipped, hasFailed }
}
