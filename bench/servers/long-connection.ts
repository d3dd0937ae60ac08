import { h } from 'koishi'
import WecomBot from '../../plugins/adapter-wecom-bot/src'
import * as chat from '../../plugins/gemini-chat/src'
import { startApp } from './app'
import { runServer } from './child'
import { LONG_CONNECTION_BOT } from './settings'

export interface LongConnectionOptions {
  wsUrl: string
  /** Of the Gemini API that answers; without it, a plugin does, in two parts. */
  baseUrl?: string
}

/** The WeCom adapter on its long connection, with gemini-chat or a plugin that streams. */
runServer(async ({ wsUrl, baseUrl }: LongConnectionOptions) => {
  let waiting: (() => void)[] = []
  const port = await startApp(false, (ctx) => {
    const config = { ...LONG_CONNECTION_BOT, wsUrl, mode: 'websocket', maxTurns: 5000, feedback: true }
    ctx.plugin(WecomBot, config as unknown as WecomBot['config'])
    if (baseUrl) return void ctx.plugin(chat, { apiKeys: ['bench'], baseUrl } as chat.Config)
    ctx.middleware(async (session) => {
      const { bot, channelId, content } = session
      const text = `answer to ${content}`
      const [{ id }] = await bot.createMessage(channelId!, h.text(text), undefined, { session })
      await new Promise<void>(resolve => waiting.push(resolve))
      await bot.editMessage(channelId!, id!, h.text(`${text}: complete`))
    })
  })
  return {
    port: () => port,
    /** Number of answers that stand still. */
    open: () => waiting.length,
    /** Lets all answers end. */
    release() {
      for (const resume of waiting.splice(0)) resume()
      waiting = []
    },
  }
})
