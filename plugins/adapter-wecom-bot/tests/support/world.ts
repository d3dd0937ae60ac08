import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Context, Logger } from 'koishi'
import { HTTP } from '@koishijs/plugin-http'
import Server from '@koishijs/plugin-server'
import type { ClientOptions, Wecom } from 'testkit'
import { WecomClient, createWecom } from 'testkit'
import { systemClock } from 'common/time'
import WecomBot, { Config } from '../../src'

export const token = 'AibotTestToken01'
export const encodingAESKey = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'
export const path = '/api/wecom/callback'

/** A free port. Koishi's server does not listen if its port is 0. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

/** Captures everything that is logged, instead of the terminal, until it is closed. */
export class Log {
  readonly lines: string[] = []
  private readonly target: Logger.Target = {
    colors: 0,
    levels: { base: 3 },
    record: ({ type, name, content }) => void this.lines.push(`${type} ${name} ${content}`),
  }

  private readonly others = Logger.targets.splice(0, Infinity, this.target)

  /** The adapter's warnings and errors. */
  get warnings() {
    return this.lines.filter(line => /^(?:warn|error) wecom-bot/.test(line))
  }

  get text() {
    return this.lines.join('\n')
  }

  close() {
    Logger.targets.splice(0, Infinity, ...this.others)
  }
}

/** Koishi with the adapter on a real port, and a simulation of WeCom's servers. */
export interface World {
  app: Context
  origin: string
  wecom: Wecom
  log: Log
  /** Adds a bot. */
  add(config?: Partial<Config>): { bot: WecomBot, dispose(): Promise<void> }
  client(options?: Partial<ClientOptions>): WecomClient
  close(): Promise<void>
}

export async function createWorld(prepare?: (app: Context) => void): Promise<World> {
  const log = new Log()
  const wecom = await createWecom({ encodingAESKey })
  const port = await freePort()
  const app: Context = new Context()
  // Dispose in this order: the server cannot close after Koishi's own services are gone.
  const forks = [app.plugin(Server, { host: '127.0.0.1', port }), app.plugin(HTTP)]
  prepare?.(app)
  await app.start()
  const origin = `http://127.0.0.1:${port}`
  return {
    app,
    origin,
    wecom,
    log,
    add(config) {
      const fork = app.plugin(WecomBot, Config({
        token,
        encodingAESKey,
        trustedHosts: [new URL(wecom.origin).host],
        apiEndpoint: wecom.origin,
        ...config,
      } as Config))
      forks.unshift(fork)
      const bot = app.bots.find(({ selfId }) => selfId === (config?.botId || 'wecom-bot')) as WecomBot
      return {
        bot,
        dispose: async () => {
          fork.dispose()
          await new Promise(resolve => setImmediate(resolve))
        },
      }
    },
    client: (options) => {
      return new WecomClient({ url: origin + path, token, encodingAESKey, wecom, pollInterval: 5, ...options })
    },
    async close() {
      for (const fork of forks) fork.dispose()
      await app.stop()
      await wecom.close()
      log.close()
    },
  }
}

/** Runs a step during which no timer of the adapter is set, so that it cannot wait for time to pass. */
export async function withoutTimers<T>(step: () => Promise<T>): Promise<T> {
  const { setTimeout } = systemClock
  systemClock.setTimeout = () => undefined
  try {
    return await step()
  } finally {
    systemClock.setTimeout = setTimeout
  }
}
