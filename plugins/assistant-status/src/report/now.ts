import { Universal } from 'koishi'
import type { Bot, Context } from 'koishi'
import type { BotState, Now, Part } from './types'

const STATES: Record<Universal.Status, BotState> = {
  [Universal.Status.OFFLINE]: 'offline',
  [Universal.Status.ONLINE]: 'online',
  [Universal.Status.CONNECT]: 'connecting',
  [Universal.Status.DISCONNECT]: 'disconnected',
  [Universal.Status.RECONNECT]: 'reconnecting',
}

const SOURCES: readonly string[] = ['wecom-callback', 'dingtalk-app', 'gemini-chat', 'mcp-servers'] satisfies Part['source'][]

/** The bots that people test in the console are not shown. */
const SANDBOX = /^sandbox:/

/** How the assistant is at this moment: what Koishi knows, and what the other plugins tell. */
export function readNow(ctx: Context, time: number): Now {
  const parts: object[] = []
  ctx.emit('assistant-status/now', parts)
  return {
    time,
    bots: ctx.bots.map(stateOf).filter(({ platform }) => !SANDBOX.test(platform)),
    database: driverOf(ctx),
    parts: parts.filter(part => 'source' in part && SOURCES.includes(part.source as string)) as Part[],
  }
}

function stateOf({ platform = '', selfId, user, status, error }: Bot): Now['bots'][number] {
  return { platform, id: selfId, name: user?.name ?? '', state: STATES[status], error: error?.message ?? '' }
}

/** The name of the driver: `sqlite`, `mysql` and so on. */
function driverOf(ctx: Context): string | undefined {
  const database = ctx.get('database')
  if (!database) return
  const [driver] = Object.values(database.drivers as object) as { constructor: { name: string } }[]
  return driver?.constructor.name.replace(/Driver.*$/, '') || 'unknown'
}
