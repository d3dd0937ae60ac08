import { Universal } from 'koishi'
import type { Context } from 'koishi'
import { describeError } from '../util/describe-error'
import { problem, note, ok } from './finding'
import type { Finding } from './finding'

/** Looks at what stands around the plugin: the database and the bots. */
export async function* examineInstance(ctx: Context): AsyncGenerator<Finding> {
  const database = ctx.get('database')
  if (!database) yield note('no-database', {}, 'no-database')
  else {
    try {
      await database.get('gemini_usage', { day: '' })
      yield ok('database')
    } catch (error) {
      yield problem('database-failed', { reason: describeError(error) }, 'database')
    }
  }
  for (const bot of ctx.bots) {
    const name = `${bot.platform}:${bot.selfId}`
    if (bot.status === Universal.Status.ONLINE) yield ok('bot', { name })
    else yield problem('bot-offline', { name, reason: bot.error ? describeError(bot.error) : '' }, 'bot')
  }
  if (!ctx.bots.length) yield problem('no-bot', {}, 'no-bot')
}
