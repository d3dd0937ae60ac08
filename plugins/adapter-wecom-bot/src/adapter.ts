import type { Context, Session } from 'koishi'
import { Adapter } from 'koishi'
import type { WecomBot } from './bot'
import { clock } from './util/clock'
import type { BotServices } from './services'
import { CallbackLog } from './callback/callback-log'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'
import { NewUsers } from './inbound/new-users'
import { CallbackEndpoint, canonical } from './callback/endpoint'
import { watchMisrouted } from './callback/misrouted'
import { declareTables } from './storage/tables'

/** All bots of the instance: their callback paths, and the end of their turns. */
export class WecomAdapter<C extends Context = Context> extends Adapter<C, WecomBot<C>> {
  static inject = ['server', 'http']

  private readonly journal: CallbackLog
  /** Looked through for every message. A bot would stand behind a proxy that costs more than the look. */
  private readonly running = new Set<BotServices>()
  private readonly newcomers = new NewUsers()
  private readonly routes = new Map<string, CallbackEndpoint & { dispose(): void }>()

  constructor(ctx: C) {
    super(ctx)
    const logger = ctx.logger('wecom-bot')
    declareTables(ctx)
    ctx.i18n.define('zh-CN', zhCN)
    ctx.i18n.define('en-US', enUS)
    let hasDatabase = false
    ctx.inject(['database'], (ctx) => {
      hasDatabase = true
      ctx.on('dispose', () => void (hasDatabase = false))
    })
    // Turns are found by the referrer: a session is another object in every event.
    ctx.on('middleware', session => this.find(session)?.turn.chainEnded(), { global: true })
    ctx.middleware(async (session, next) => {
      const found = this.find(session)
      if (!found) return next()
      try {
        if (hasDatabase) await this.newcomers.ensureStored(session)
        return await next()
      } finally {
        found.turns.returned(found.turn)
      }
    }, { prepend: true, global: true } as never)
    this.journal = new CallbackLog(clock, line => logger.warn(line))
    ctx.on('dispose', watchMisrouted(
      ctx.server._http,
      path => this.routes.has(path),
      path => this.journal.misrouted(path, [...this.routes.keys()]),
    ))
  }

  override fork(ctx: Context, bot: WecomBot<C>) {
    super.fork(ctx, bot)
    const path = canonical(bot.config.path)
    const { selfId, services } = bot
    const route = this.routes.get(path) ?? this.open(path)
    route.add(selfId, services)
    this.running.add(services)
    ctx.on('dispose', () => {
      this.running.delete(services)
      route.delete(selfId)
      if (route.isEmpty) this.close(path)
    })
  }

  private open(path: string): CallbackEndpoint {
    const route = new CallbackEndpoint(path, clock, this.journal)
    const fork = this.ctx.plugin({
      name: 'wecom-bot-route',
      inject: ['server'],
      reusable: true,
      apply: (ctx: Context) => {
        route.open(ctx)
        ctx.on('server/ready', () => {
          const { selfUrl } = ctx.server.config
          ctx.logger('wecom-bot').info('后台的 URL / URL for the WeCom console: %s', (selfUrl || 'https://…') + path)
        })
      },
    })
    this.routes.set(path, Object.assign(route, { dispose: () => fork.dispose() }))
    return route
  }

  private close(path: string) {
    this.routes.get(path)?.dispose()
    this.routes.delete(path)
  }

  private find(session: Session) {
    const id = session.event.referrer?.turn
    if (!id) return
    for (const { turns } of this.running) {
      const turn = turns.get(id)
      if (turn) return { turns, turn }
    }
  }
}
