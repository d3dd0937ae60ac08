import { Universal } from 'koishi'
import type { Context } from 'koishi'
import { describeError } from 'common/errors'
import { note, ok, problem } from './finding'
import type { Finding } from './finding'

/** Checks what the plugin depends on inside Koishi: the database and the bots. Never throws. */
export async function* examineInstance(ctx: Context): AsyncGenerator<Finding> {
  yield await examineDatabase(ctx)
  for (const bot of ctx.bots) {
    const name = `${bot.platform}:${bot.selfId}`
    if (bot.status === Universal.Status.ONLINE) yield ok('bot', { name })
    else yield problem('bot-offline', { name, reason: bot.error ? describeError(bot.error) : '' }, 'bot')
  }
  if (!ctx.bots.length) yield problem('no-bot', {}, 'no-bot')
}

async function examineDatabase(ctx: Context): Promise<Finding> {
  const database = ctx.get('database')
  if (!database) return note('no-database', {}, 'no-database')
  try {
    await database.get('gemini_usage', { day: '' })
    return ok('database')
  } catch (error) {
    return problem('database-failed', { reason: describeError(error) }, 'database')
  }
}
