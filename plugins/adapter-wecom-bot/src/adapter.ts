import type { Context, Session } from 'koishi'
import { Adapter } from 'koishi'
import type { WecomBot } from './bot'
import { clock } from './util/clock'
import type { Desk } from './services'
import { Journal } from './callback/callback-log'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'
import { Newcomers } from './inbound/new-users'
import { Route, canonical } from './callback/endpoint'
import { watchStrays } from './callback/misrouted'
import { declareTables } from './storage/tables'

/** All bots of the instance: their callback paths, and the end of their turns. */
export class WecomAdapter<C extends Context = Context> extends Adapter<C, WecomBot<C>> {
  static inject = ['server', 'http']

  private readonly journal: Journal
  /** Looked through for every message. A bot would stand behind a proxy that costs more than the look. */
  private readonly desks = new Set<Desk>()
  private readonly newcomers = new Newcomers()
  private readonly routes = new Map<string, Route & { dispose(): void }>()

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
        if (hasDatabase) await this.newcomers.meet(session)
        return await next()
      } finally {
        found.turns.returned(found.turn)
      }
    }, { prepend: true, global: true } as never)
    this.journal = new Journal(clock, line => logger.warn(line))
    ctx.on('dispose', watchStrays(
      ctx.server._http,
      path => this.routes.has(path),
      path => this.journal.strayed(path, [...this.routes.keys()]),
    ))
  }

  override fork(ctx: Context, bot: WecomBot<C>) {
    super.fork(ctx, bot)
    const path = canonical(bot.config.path)
    const { selfId, desk } = bot
    const route = this.routes.get(path) ?? this.open(path)
    route.add(selfId, desk)
    this.desks.add(desk)
    ctx.on('dispose', () => {
      this.desks.delete(desk)
      route.delete(selfId)
      if (route.isEmpty) this.close(path)
    })
  }

  private open(path: string): Route {
    const route = new Route(path, clock, this.journal)
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
    for (const { turns } of this.desks) {
      const turn = turns.get(id)
      if (turn) return { turns, turn }
    }
  }
}
