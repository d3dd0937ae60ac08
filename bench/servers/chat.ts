import type { Context } from 'koishi'
import WecomBot from '../../plugins/adapter-wecom-bot/src'
import * as chat from '../../plugins/gemini-chat/src'
import { startApp } from './app'
import { runServer } from './child'
import { AES_KEY, PATH, TOKEN } from './settings'

export interface ChatOptions {
  baseUrl: string
  /** Whether the model may call a tool. */
  hasTool?: boolean
}

/** The WeCom adapter and gemini-chat in a Koishi instance without a database. */
runServer(async ({ baseUrl, hasTool }: ChatOptions) => {
  const port = await startApp(false, (ctx) => {
    ctx.plugin(WecomBot, { token: TOKEN, encodingAESKey: AES_KEY, path: PATH } as WecomBot['config'])
    ctx.plugin(chat, { apiKeys: ['bench'], baseUrl } as chat.Config)
    if (hasTool) ctx.plugin({ name: 'look-up', inject: ['assistant'], apply: offerTool })
  })
  return { port: () => port }
})

/** A tool that takes no time, so that only the round is measured. */
function offerTool(ctx: Context) {
  ctx.assistant.tool({
    name: 'look_up',
    description: 'Looks something up.',
    parameters: { type: 'object', properties: { what: { type: 'string' } }, required: ['what'] },
    run: ({ what }) => `${what as string}: known`,
  })
}
