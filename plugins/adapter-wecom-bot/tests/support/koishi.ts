import sqlite from '@koishijs/plugin-database-sqlite'
import Server from '@koishijs/plugin-server'
import { Context, HTTP, Logger } from 'koishi'
import { Config, WecomBot } from '../../src'
import { encodingAESKey, freePort, path, token } from './world'

export { token, encodingAESKey }

export interface Instance {
  app: Context
  bot: WecomBot
  /** What was logged. */
  lines: string[]
  /** The callback's address, where it listens. */
  url: string
  stop(): Promise<void>
}

export interface InstanceOptions {
  /** Listens for callbacks. */
  listen?: boolean
  /** Has Koishi's database in this file, or `:memory:`. */
  database?: string
  /** Runs before everything starts. */
  prepare?(app: Context): void
}

/** A Koishi of its own with this one bot. */
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
      // It cannot close any more once Koishi's own services are gone, and the process would go on.
      server.dispose()
      await app.stop()
      Logger.targets.splice(Logger.targets.indexOf(target), 1)
    },
  }
}
