import WecomBot from '../../plugins/adapter-wecom-bot/src'
import * as chat from '../../plugins/gemini-chat/src'
import { startApp } from './app'
import { runServer } from './child'
import { AES_KEY, PATH, TOKEN } from './settings'

export interface ChatOptions {
  baseUrl: string
}

/** The WeCom adapter and gemini-chat in a Koishi instance without a database. */
runServer(async ({ baseUrl }: ChatOptions) => {
  const port = await startApp(false, (ctx) => {
    ctx.plugin(WecomBot, { token: TOKEN, encodingAESKey: AES_KEY, path: PATH } as WecomBot['config'])
    ctx.plugin(chat, { apiKeys: ['bench'], baseUrl } as chat.Config)
  })
  return { port: () => port }
})
