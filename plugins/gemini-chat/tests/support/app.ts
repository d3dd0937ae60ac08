import { MockBot } from '@koishijs/plugin-mock'
import type { MessageClient } from '@koishijs/plugin-mock'
import { Context, h, Logger } from 'koishi'
import type { ForkScope, Fragment, Universal } from 'koishi'
import * as plugin from '../../src'
import { FakeEngine } from './engine'
import './quiet'

export interface Sent {
  id: string
  channelId: string
  /** The states of the message: as it was sent, then after each edit. */
  states: h[][]
  referrer: unknown
  options?: Universal.SendOptions
}

/** The mock bot, which records the messages it sends. */
export class RecordingBot extends MockBot {
  readonly sent: Sent[] = []
  markdown?: boolean
  editInterval?: number

  constructor(ctx: Context, config: RecordingBot.Config) {
    super(ctx, { selfId: '514' })
    this.platform = config.platform ?? 'mock'
    this.markdown = config.markdown
  }

  override async sendMessage(
    channelId: string, content: Fragment, referrer?: unknown, options?: Universal.SendOptions,
  ) {
    const id = `message-${this.sent.length + 1}`
    this.sent.push({ id, channelId, states: [h.normalize(content)], referrer, options })
    await super.sendMessage(channelId, content, undefined, options)
    return [id]
  }

  /** The visible text of a chat, message by message. */
  read(channelId: string): string[] {
    return this.sent.filter(sent => sent.channelId === channelId).map(({ states }) => plain(states.at(-1)!))
  }
}

export namespace RecordingBot {
  export interface Config {
    platform?: string
    markdown?: boolean
  }
}

/** A recording bot on a platform where messages can be edited. */
export class EditingBot extends RecordingBot {
  override editInterval = 0

  override async editMessage(channelId: string, id: string, content: Fragment) {
    this.sent.find(sent => sent.id === id && sent.channelId === channelId)!.states.push(h.normalize(content))
  }
}

export function plain(elements: h[]): string {
  return elements.map(element => element.toString(true)).join('')
}

export interface TestApp {
  app: Context
  bot: RecordingBot
  engine: FakeEngine
  /** Warnings of the plugin. */
  warnings: string[]
  client(userId: string, channelId?: string): MessageClient
  /** Loads the plugin again. */
  load(): { engine: FakeEngine, fork: ForkScope }
  /** Unloads the plugin. */
  unload(): void
  close(): Promise<void>
}

export interface AppOptions {
  config?: Partial<plugin.Config>
  bot?: typeof RecordingBot
  platform?: string
  markdown?: boolean
  locales?: string[]
  /** Uses the real engine at `config.baseUrl` instead of the fake one. */
  real?: boolean
  /** Loads other plugins first. */
  prepare?(app: Context): void
}

/** A Koishi app with the plugin, a bot and a fake engine. */
export async function createApp(options: AppOptions = {}): Promise<TestApp> {
  const app = new Context({ nickname: ['小G'], i18n: options.locales && { locales: options.locales } })
  options.prepare?.(app)
  const bot = app.plugin(options.bot ?? RecordingBot, { platform: options.platform, markdown: options.markdown })
  const config = new plugin.Config({
    apiKeys: ['key-1'], fallbackModels: [], requestRetries: 0, ...options.config,
  } as plugin.Config)
  const load = () => {
    const engine = new FakeEngine()
    const apply = (ctx: Context) => plugin.apply(ctx, config, options.real ? undefined : engine)
    return { engine, fork: app.plugin({ ...plugin, Config: undefined, apply }) }
  }
  const warnings: string[] = []
  const target: Logger.Target = {
    colors: 0,
    levels: { base: Logger.INFO },
    record: ({ name, type, content }) => {
      if (name === 'gemini-chat' && type === 'warn') warnings.push(content)
    },
  }
  Logger.targets.push(target)
  const { engine, fork } = load()
  await app.start()
  return {
    app,
    engine,
    load,
    warnings,
    bot: app.bots[0] as unknown as RecordingBot,
    client: (userId, channelId) => app.mock.client(userId, channelId),
    unload: () => fork.dispose(),
    async close() {
      Logger.targets.splice(Logger.targets.indexOf(target), 1)
      // Bots have to go before the app, or Koishi looks for its list of bots when that is gone.
      bot.dispose()
      await app.stop()
    },
  }
}
