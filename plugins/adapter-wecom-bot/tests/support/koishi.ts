import sqlite from '@minatojs/driver-sqlite'
import Server from '@koishijs/plugin-server'
import { Context, HTTP, Logger } from 'koishi'
import { Config, WecomBot } from '../../src'
import { encodingAESKey, freePort, path, token } from './world'

export { token, encodingAESKey }

export interface Instance {
  app: Context
  bot: WecomBot
  /** Captured log lines. */
  lines: string[]
  /** URL of the callback, if the instance listens. */
  url: string
  stop(): Promise<void>
}

export interface InstanceOptions {
  /** Whether to listen for callbacks. */
  listen?: boolean
  /** SQLite file of Koishi's database, or `:memory:`. */
  database?: string
  /** Called before the app starts. */
  prepare?(app: Context): void
}

/** Starts a Koishi app with one bot. */
export async function startBot(settings: Partial<Config> = {}, options: InstanceOptions = {}): Promise<Instance> {
  const lines: string[] = []
  const target: Logger.Target = { colors: 0, record: record => void lines.push(record.content) }
  Logger.targets.push(target)
  const app = new Context()
  app.plugin(HTTP as never)
  const server = app.plugin(Server, options.listen ? { host: '127.0.0.1', port: await freePort() } : {} as never)
  if (options.database) app.plugin(sqlite as never, { path: options.database } as never)
  const fork = app.plugin(WecomBot as never, new Config({ token, encodingAESKey, ...settings } as Config))
  options.prepare?.(app)
  await app.start()
  const bot = app.bots.find(bot => bot.platform === 'wecom-bot') as WecomBot
  return {
    app,
    bot,
    lines,
    url: `http://127.0.0.1:${app.server.port}${path}`,
    async stop() {
      fork.dispose()
      // The server cannot close after Koishi's own services are gone, and would keep the process alive.
      server.dispose()
      await app.stop()
      Logger.targets.splice(Logger.targets.indexOf(target), 1)
    },
  }
}
