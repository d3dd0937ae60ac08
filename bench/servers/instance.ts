import type { Context, Middleware } from 'koishi'
import { h } from 'koishi'
import WecomBot from '../../plugins/adapter-wecom-bot/src'
import { startApp } from './app'
import { serve } from './child'
import { AES_KEY, PATH, TOKEN } from './settings'

export interface InstanceOptions {
  /** `pong`: at once. `hold`: a first part at once, the rest when all are released. */
  answer: 'pong' | 'hold'
  database?: boolean
  /** Settings that differ from their defaults. */
  wecom?: object
}

/** The adapter in a Koishi instance. */
serve(async ({ answer, database, wecom }: InstanceOptions) => {
  const waiting = new Set<() => void>()
  const answers: Record<InstanceOptions['answer'], Middleware> = {
    pong: () => 'pong',
    async hold(session) {
      await session.send(h.text('回答'.repeat(100)))
      await new Promise<void>(resolve => waiting.add(resolve))
      return h.text('完')
    },
  }
  let app: Context
  const port = await startApp(database, (ctx) => {
    app = ctx
    ctx.plugin(WecomBot, { token: TOKEN, encodingAESKey: AES_KEY, path: PATH, ...wecom } as WecomBot['config'])
    ctx.middleware(answers[answer])
  })
  return {
    port: () => port,
    /** Turns that are kept. */
    turns: () => {
      return app.bots.map(bot => (bot as unknown as WecomBot).services.turns.size).reduce((sum, size) => sum + size)
    },
    release() {
      for (const resolve of waiting) resolve()
      waiting.clear()
    },
  }
})
