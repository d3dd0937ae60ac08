import type { Context, Session } from 'koishi'
import { Adapter } from 'koishi'
import type { WecomBot } from './bot'
import { CallbackLog } from './callback/callback-log'
import { CallbackEndpoint, canonical } from './callback/endpoint'
import { watchMisrouted } from './callback/misrouted'
import { NewUsers } from './inbound/new-users'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'
import { declareTables } from './storage/tables'
import type { TurnController } from './turn/turn-controller'
import type { TurnRegistry } from './turn/turn-registry'
import { systemClock } from 'common/time'

/** What all bots of the instance share: callback paths, and the middleware that tells when a turn has ended. */
export class WecomAdapter<C extends Context = Context> extends Adapter<C, WecomBot<C>> {
  static inject = ['http']

  private readonly log: CallbackLog
  /** Searched for every message. The bots themselves are behind proxies, which are slow. */
  private readonly registries = new Set<TurnRegistry>()
  private readonly newUsers = new NewUsers()
  private readonly endpoints = new Map<string, CallbackEndpoint & { dispose(): void }>()

  constructor(ctx: C) {
    super(ctx)
    const logger = ctx.logger('wecom-bot')
    this.log = new CallbackLog(systemClock, line => logger.warn(line), (refusal) => {
      (ctx as Context).emit('wecom-bot/callback-refused', refusal)
    })
    declareTables(ctx)
    ctx.i18n.define('zh-CN', zhCN)
    ctx.i18n.define('en-US', enUS)
    this.watchTurns(ctx)
    ctx.on('assistant-status/now', parts => void parts.push(...Array.from(this.endpoints.values(), it => it.snapshot())))
    // The long connection needs no server.
    ctx.inject(['server'], ctx => void ctx.on('dispose', watchMisrouted(
      ctx.server._http,
      path => this.endpoints.has(path),
      path => this.log.misrouted(path, [...this.endpoints.keys()]),
    )))
  }

  override fork(ctx: Context, bot: WecomBot<C>) {
    super.fork(ctx, bot)
    const path = canonical(bot.config.path)
    const { selfId, services: { callbacks, turns } } = bot
    const endpoint = this.endpoints.get(path) ?? new CallbackEndpoint(path, systemClock, this.log)
    endpoint.add(selfId, callbacks)
    if (!this.endpoints.has(path)) this.open(path, endpoint)
    this.registries.add(turns)
    ctx.on('dispose', () => {
      this.registries.delete(turns)
      endpoint.delete(selfId)
      if (endpoint.isEmpty) this.close(path)
    })
  }

  override async connect(bot: WecomBot<C>) {
    bot.services.longConnection?.start()
  }

  override async disconnect(bot: WecomBot<C>) {
    await bot.services.longConnection?.stop()
  }

  private watchTurns(ctx: Context) {
    let hasDatabase = false
    ctx.inject(['database'], (ctx) => {
      hasDatabase = true
      ctx.on('dispose', () => void (hasDatabase = false))
    })
    // Koishi emits a different session object with every event: turns are found by the referrer.
    ctx.on('middleware', session => this.find(session)?.endChain(), { global: true })
    ctx.middleware(async (session, next) => {
      const turn = this.find(session)
      if (!turn) return next()
      try {
        if (hasDatabase) await this.newUsers.ensureStored(session)
        return await next()
      } finally {
        turn.middlewareReturned()
      }
    }, { prepend: true, global: true } as never)
  }

  private open(path: string, endpoint: CallbackEndpoint) {
    const fork = this.ctx.plugin({
      name: 'wecom-bot-route',
      inject: ['server'],
      reusable: true,
      apply: (ctx: Context) => {
        endpoint.open(ctx)
        ctx.on('server/ready', () => {
          if (!endpoint.takesCallbacks) return
          const { selfUrl } = ctx.server.config
          ctx.logger('wecom-bot').info('后台的 URL / URL for the WeCom console: %s', (selfUrl || 'https://…') + path)
        })
      },
    })
    this.endpoints.set(path, Object.assign(endpoint, { dispose: () => fork.dispose() }))
  }

  private close(path: string) {
    this.endpoints.get(path)?.dispose()
    this.endpoints.delete(path)
  }

  private find(session: Session): TurnController | undefined {
    const id = session.event.referrer?.turn
    if (!id) return
    for (const turns of this.registries) {
      const turn = turns.find(id)
      if (turn) return turn
    }
  }
}
