import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Adapter from '@koishijs/plugin-adapter-dingtalk'
import sqlite from '@koishijs/plugin-database-sqlite'
import { HTTP } from '@koishijs/plugin-http'
import { Context, Logger } from 'koishi'
import type { ForkScope, Session } from 'koishi'
import { createDingtalk } from 'testkit'
import type { Dingtalk as Platform, DingtalkOptions } from 'testkit'
import type { Delivery } from '../../../gemini-chat/src/delivery/target'
import { Dingtalk, DingtalkConfig } from '../../src/companion'
import { ManualClock } from '../../../gemini-chat/tests/support/clock'
import '../../../gemini-chat/tests/support/quiet'

export interface Options {
  config?: Partial<DingtalkConfig>
  platform?: DingtalkOptions
  /** Goes on with another one's servers and folder. */
  after?: Rig
  database?: boolean
  /** The adapter's settings. */
  adapter?: object
}

/** The stock adapter, connected to DingTalk's side, and our part of it. */
export class Rig {
  readonly clock = new ManualClock()
  readonly warnings: string[] = []
  private readonly sessions: Session[] = []
  dingtalk!: Dingtalk
  bot!: ForkScope
  fork!: ForkScope
  private target!: Logger.Target

  private constructor(readonly platform: Platform, readonly folder: string | undefined, readonly app: Context) {}

  static async start({ config, platform, after, database, adapter }: Options = {}): Promise<Rig> {
    const folder = after?.folder ?? (database ? await mkdtemp(join(tmpdir(), 'dingtalk-')) : undefined)
    const rig = new Rig(after?.platform ?? await createDingtalk(platform), folder, new Context())
    const { app, warnings } = rig
    rig.target = {
      colors: 0,
      levels: { base: Logger.INFO },
      record: ({ name, type, content }) => {
        if (name === 'gemini-chat' && type === 'warn') warnings.push(content)
      },
    }
    Logger.targets.push(rig.target)
    Object.assign(Logger.levels, { adapter: Logger.SILENT, dingtalk: Logger.SILENT })
    app.plugin(HTTP as never)
    if (folder) app.plugin(sqlite as never, { path: join(folder, 'koishi.db') })
    app.i18n.define('zh-CN', {
      'gemini-chat': {
        interrupted: '（回答在这里中断了。）',
        dingtalk: { usage: '{app} {month} {used}/{limit}', short: '{used}/{limit} short', unlimited: '{used}' },
      },
    })
    rig.fork = app.plugin({
      name: 'gemini-chat',
      apply: (ctx: Context) => {
        const settings = new DingtalkConfig({ cardTemplateId: 'ai.schema', silence: 0, ...config } as DingtalkConfig)
        rig.dingtalk = new Dingtalk(ctx, settings, { clock: rig.clock, random: () => 0.5 })
      },
    })
    rig.bot = app.plugin(Adapter as never, {
      protocol: 'ws', appkey: rig.platform.appKey, secret: rig.platform.appSecret, ...adapter,
      api: { endpoint: rig.platform.apiEndpoint }, oldApi: { endpoint: rig.platform.oldApiEndpoint },
    })
    app.on('message', session => void rig.sessions.push(session))
    await app.start()
    while (folder && !app.get('database')) await tick()
    return rig
  }

  /** Waits for the connection. */
  async online(): Promise<this> {
    await this.until(() => this.app.bots[0]?.status === 1)
    return this
  }

  /** A message that somebody sent. */
  async message(conversationId?: string, userId = 'alice'): Promise<Session> {
    const count = this.sessions.length
    await this.platform.say('你好', { userId, conversationId })
    await this.until(() => this.sessions.length > count)
    return this.sessions.at(-1)!
  }

  /** An answer to a message. */
  async answer(conversationId?: string): Promise<Delivery> {
    return this.dingtalk.deliver(await this.message(conversationId), true)!
  }

  /** Lets time pass until something is so. The network takes its own time. */
  async until(condition: () => boolean, step = 0) {
    for (let tries = 0; !condition(); tries++) {
      if (tries > 1000) throw new Error('it never came to that')
      await this.clock.advance(step)
      await tick()
    }
  }

  /** Lets time pass until something has ended. */
  async ends<T>(task: Promise<T>): Promise<T> {
    let over = false
    const end = () => over = true
    task.then(end, end)
    await this.until(() => over, 100)
    return task
  }

  /** What was called, in order. */
  get calls() {
    return this.platform.calls.map(({ api }) => api).filter(api => !['token', 'open', 'apps', 'oldApps'].includes(api))
  }

  /** Calls that were billed, but for those of the login. */
  get billed() {
    return this.platform.calls.filter(({ api, billed }) => billed && api !== 'apps' && api !== 'oldApps').length
  }

  /** The texts of the messages that were sent. */
  get texts(): string[] {
    return this.platform.messages.map(({ param }) => param.text)
  }

  /** Ends the process, as far as can be seen from outside. */
  async stop() {
    Logger.targets.splice(Logger.targets.indexOf(this.target), 1)
    this.bot.dispose()
    await this.app.stop()
    // Who sleeps on a clock that stands still would sleep for ever.
    await this.clock.advance(1e9)
  }

  async close() {
    await this.stop()
    await this.platform.close()
    if (this.folder) await rm(this.folder, { recursive: true, force: true })
  }
}

export function tick() {
  return new Promise<void>(resolve => setTimeout(resolve, 2))
}
