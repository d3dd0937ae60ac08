import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { startBot } from './koishi'

/** How late timers are in the process, at most, sent every 20 ms. */
export interface Lateness {
  lateMs: number
}

const TIMER_RESOLUTION_MS = 10

/**
 * A process of its own: a bot whose answers grow by a number every 20 ms and never end.
 * Usage: `growing-answers.ts <SQLite file>`; sends the URL of its callback to the parent, then its lateness.
 */
async function main([file]: string[]) {
  const { url, app } = await startBot({ storage: 'database', firstReply: 0, maxUserTurns: 1000 }, {
    listen: true,
    database: file,
    prepare: app => app.middleware(async (session) => {
      const [id] = await session.send('0')
      for (let count = 1, text = '0'; ; count++) {
        await new Promise(resolve => setTimeout(resolve, 20))
        await session.bot.editMessage(session.channelId!, id, text += ` ${count}`)
      }
    }),
  })
  await app.database.prepared()
  process.send!(url)
  const delay = monitorEventLoopDelay({ resolution: TIMER_RESOLUTION_MS })
  delay.enable()
  setInterval(() => {
    process.send!({ lateMs: Math.max(0, delay.max / 1e6 - TIMER_RESOLUTION_MS) } satisfies Lateness)
  }, 20)
  await once(process, 'disconnect')
  process.exit()
}

void main(process.argv.slice(2))
