import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeClock } from 'common/testing'
import Adapter from '@koishijs/plugin-adapter-dingtalk'
import sqlite from '@koishijs/plugin-database-sqlite'
import { HTTP } from '@koishijs/plugin-http'
import type { SharedState } from 'common/shared-state'
import { Context, Logger } from 'koishi'
import type { Bot, ForkScope, Session } from 'koishi'
import { createDingtalk } from 'testkit'
import type { Dingtalk as Platform, DingtalkOptions } from 'testkit'
import type { Account } from '../../src/account'
import { Companion } from '../../src/companion'
import { Config } from '../../src/config'
import type { TurnRegistry } from '../../src/turn/turn-registry'
import { Answer } from './answer'
import './quiet'

export interface Options {
  config?: Partial<Config>
  platform?: DingtalkOptions
  /** A rig whose platform and folder are taken over, as by a restart. */
  after?: Rig
  /** A rig whose platform is used as well, as by another instance. */
  beside?: Rig
  database?: boolean
  /** Settings of the adapter. */
  adapter?: object
  /** What this instance shares with others. */
  state?: SharedState
}

const START = 1_800_000_000_000
/** Within the time limit of a spec, however busy the machine is. */
const MAX_WAIT_MS = 50_000

/** The stock adapter, connected to the test platform, and the companion. */
export class Rig {
  readonly clock = new FakeClock(START)
  readonly warnings: string[] = []
  readonly sessions: Session[] = []
  /** For each message that follows: what its chain waits for. */
  private readonly gates: Promise<void>[] = []
  /** Ends of turns, by session id. */
  private readonly ends = new Map<number, Promise<void>>()
  companion!: Companion
  adapter!: ForkScope
  fork!: ForkScope
  private target!: Logger.Target

  private constructor(readonly platform: Platform, readonly folder: string | undefined, readonly app: Context) {}

  static async start({ config, platform, after, database, adapter, state, beside }: Options = {}): Promise<Rig> {
    const folder = after?.folder ?? (database ? await mkdtemp(join(tmpdir(), 'dingtalk-')) : undefined)
    const rig = new Rig((after ?? beside)?.platform ?? await createDingtalk(platform), folder, new Context())
    const { app, gates, warnings } = rig
    rig.target = {
      colors: 0,
      levels: { base: Logger.INFO },
      record: ({ name, type, content }) => {
        if (name === 'dingtalk-companion' && type === 'warn') warnings.push(content)
      },
    }
    Logger.targets.push(rig.target)
    Object.assign(Logger.levels, { adapter: Logger.SILENT, dingtalk: Logger.SILENT })
    if (state) app.set('sharedState', state)
    app.plugin(HTTP as never)
    if (folder) app.plugin(sqlite as never, { path: join(folder, 'koishi.db') })
    app.i18n.define('zh-CN', {
      'dingtalk-companion': {
        interrupted: '（回答在这里中断了。）',
        deleted: '（已撤回）',
        late: '（已作为消息发出）',
        reaction: '收到',
        unanswered: '{count} 条没有回答',
        missing: '缺少 {count} 个',
        lost: '没有收到',
        unreadable: '读不了',
        usage: {
          calls: '{app} {month} {used}/{limit}', short: '{used}/{limit} short', unlimited: '{used}',
          'most-calls': 'calls {percent} %', 'most-messages': 'messages {percent} %', 'few-messages': 'few messages {percent} %',
        },
      },
    })
    rig.fork = app.plugin({ name: 'dingtalk-companion', apply: (ctx: Context) => rig.load(ctx, config) })
    rig.adapter = app.plugin(Adapter as never, {
      protocol: 'ws', appkey: rig.platform.appKey, secret: rig.platform.appSecret, ...adapter,
      api: { endpoint: rig.platform.apiEndpoint }, oldApi: { endpoint: rig.platform.oldApiEndpoint },
    })
    app.middleware(async (_, next) => {
      await gates.shift()
      return next()
    })
    app.on('message', session => void rig.sessions.push(session))
    await app.start()
    while (folder && !app.get('database')) await tick()
    return rig
  }

  private load(ctx: Context, config?: Partial<Config>) {
    const settings = new Config({ cardTemplateId: 'ai.schema', builtInCard: false, silence: 0, reactionWithCards: false, ...config } as Config)
    const companion = new Companion(ctx, settings, { clock: this.clock, random: () => 0.5 })
    this.companion = companion
    ctx.on('dispose', () => void companion.close())
    const { turns } = companion as unknown as { turns: TurnRegistry }
    const end = turns.end.bind(turns)
    turns.end = (id) => {
      const ended = end(id)
      this.ends.set(id, ended)
      return ended
    }
  }

  /** Waits for the connection. */
  async online(): Promise<this> {
    try {
      await this.until(() => this.app.bots[0]?.status === 1)
      return this
    } catch (error) {
      await this.close()
      throw error
    }
  }

  get bot(): Bot {
    return this.app.bots[0]
  }

  /** A message of a user. */
  async message(conversationId?: string, userId = 'alice', text = '你好'): Promise<Session> {
    const count = this.sessions.length
    await this.platform.say(text, { userId, conversationId })
    await this.until(() => this.sessions.length > count)
    return this.sessions.at(-1)!
  }

  /** A message whose chain goes on until `endChain` is called. */
  async turn(conversationId?: string, userId?: string): Promise<{ session: Session, endChain(): Promise<void> }> {
    let open = () => {}
    this.gates.push(new Promise<void>((resolve) => { open = resolve }))
    const session = await this.message(conversationId, userId)
    return {
      session,
      endChain: async () => {
        open()
        while (!this.ends.has(session.id)) await tick()
        await this.ends.get(session.id)
      },
    }
  }

  /** Whether the chain of a message has ended; its last message may still be on its way. */
  hasEnded(sessionId: number): boolean {
    return this.ends.has(sessionId)
  }

  /** The answer of a plugin to a message. */
  async answer(conversationId?: string): Promise<Answer> {
    const { session, endChain } = await this.turn(conversationId)
    return new Answer(session, endChain)
  }

  /**
   * Lets time pass until a condition holds. The network takes its own time: after a longer step it gets more of it,
   * so that requests do not reach their time limits.
   */
  async until(condition: () => boolean, step = 0) {
    const startedAt = performance.now()
    for (let tries = 0; !condition(); tries++) {
      if (tries > 1000 && performance.now() - startedAt > MAX_WAIT_MS) throw new Error('the condition was never met')
      await this.clock.advance(step)
      await tick()
      for (let ticks = 0; ticks < step / 100 && !condition(); ticks++) await tick()
    }
  }

  /** Waits until what was left open and unanswered has been dealt with, as far as that goes at the moment. */
  async recovered() {
    const { accounts } = this.companion as unknown as { accounts: Map<number, Account> }
    while ([...accounts.values()].some(({ recovering }) => recovering)) await tick()
  }

  /** Lets time pass until a promise settles. */
  async settled<T>(task: Promise<T>): Promise<T> {
    let over = false
    const end = () => over = true
    task.then(end, end)
    await this.until(() => over, 100)
    return task
  }

  /** APIs that were called, in order, without those of the login. */
  get calls() {
    return this.platform.calls.map(({ api }) => api).filter(api => !['token', 'open', 'apps', 'oldApps'].includes(api))
  }

  /** Billed calls, without those of the login. */
  get billed() {
    return this.platform.calls.filter(({ api, billed }) => billed && api !== 'apps' && api !== 'oldApps').length
  }

  /** Texts of the messages that were sent. */
  get texts(): string[] {
    return this.platform.messages.map(({ param }) => param.text)
  }

  /** Ends the process, as far as it can be seen from outside. */
  async stop() {
    Logger.targets.splice(Logger.targets.indexOf(this.target), 1)
    this.adapter.dispose()
    await this.app.stop()
    // Wakes those that sleep on a clock that stands still.
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
