import { once } from 'node:events'
import { startBot } from './koishi'

/**
 * A process of its own: a bot whose answers grow by a number every 20 ms and never end.
 * Usage: `growing-answers.ts <SQLite file>`; sends the URL of its callback to the parent.
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
  await once(process, 'disconnect')
  process.exit()
}

void main(process.argv.slice(2))
