import type { Context, Middleware } from 'koishi'
import { h } from 'koishi'
import WecomBot from '../../plugins/adapter-wecom-bot/src'
import * as sharedState from '../../plugins/shared-state/src'
import { startApp } from './app'
import { runServer } from './child'
import { AES_KEY, PATH, TOKEN } from './settings'

export interface InstanceOptions {
  /** `pong` replies immediately; `hold` sends a first part and waits for `release` before the second. */
  answer: 'pong' | 'hold'
  database?: boolean
  /** The adapter's configuration, apart from credentials and path. */
  wecom?: object
  /** Whether shared state in memory is loaded, as without the address of a server. */
  sharedState?: boolean
}

/** The WeCom adapter in a Koishi instance. */
runServer(async ({ answer, database, wecom, sharedState: isShared }: InstanceOptions) => {
  const pending = new Set<() => void>()
  const answers: Record<InstanceOptions['answer'], Middleware> = {
    pong: () => 'pong',
    async hold(session) {
      await session.send(h.text('回答'.repeat(100)))
      await new Promise<void>(resolve => pending.add(resolve))
      return h.text('完')
    },
  }
  let app: Context
  const port = await startApp(database, (ctx) => {
    app = ctx
    if (isShared) ctx.plugin(sharedState, new sharedState.Config({} as sharedState.Config))
    ctx.plugin(WecomBot, { token: TOKEN, encodingAESKey: AES_KEY, path: PATH, ...wecom } as WecomBot['config'])
    ctx.middleware(answers[answer])
  })
  return {
    port: () => port,
    /** Number of turns in memory. */
    turns: () => {
      return app.bots.map(bot => (bot as unknown as WecomBot).services.turns.size).reduce((sum, size) => sum + size)
    },
    /** Number of answers that wait for `release`. */
    held: () => pending.size,
    release() {
      for (const resolve of pending) resolve()
      pending.clear()
    },
  }
})
