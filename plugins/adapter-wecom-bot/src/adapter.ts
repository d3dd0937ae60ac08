import { Adapter, Context, Session } from 'koishi'
import type {} from '@koishijs/plugin-server'
import type { WecomBot } from './bot'
import { Exchange, createCallback } from './callback'
import { clock } from './clock'
import { declareTables } from './database'
import { Inbox } from './inbox'
import { Journal } from './journal'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'
import { Replays } from './replays'
import { Turn } from './turn'

/** A callback path and the bots that are reached on it. */
interface Route {
  inboxes: Set<Inbox>
  dispose(): void
}

/** All bots of the instance: their callback paths, and the end of their turns. */
export class WecomAdapter<C extends Context = Context> extends Adapter<C, WecomBot<C>> {
  static inject = ['server', 'http']

  readonly #journal: Journal
  readonly #routes = new Map<string, Route>()

  constructor(ctx: C) {
    super(ctx)
    const logger = ctx.logger('wecom-bot')
    declareTables(ctx)
    ctx.i18n.define('zh-CN', zhCN)
    ctx.i18n.define('en-US', enUS)
    // Turns are found by the referrer: a session is another object in every event.
    ctx.on('middleware', session => this.#turn(session)?.chainEnded(), { global: true })
    ctx.middleware(async (session, next) => {
      const turn = this.#turn(session)
      if (!turn) return next()
      try {
        return await next()
      } finally {
        turn.returnedAt = clock.now()
      }
    }, { prepend: true, global: true } as never)
    this.#journal = new Journal(clock, line => logger.warn(line))
  }

  override fork(ctx: Context, bot: WecomBot<C>) {
    super.fork(ctx, bot)
    const { path, freshness } = bot.config
    const { inbox } = bot.desk
    let route = this.#routes.get(path)
    if (!route) this.#routes.set(path, route = this.#open(path, freshness))
    route.inboxes.add(inbox)
    ctx.on('dispose', () => {
      route.inboxes.delete(inbox)
      if (route.inboxes.size) return
      this.#routes.delete(path)
      route.dispose()
    })
  }

  #open(path: string, freshness: number): Route {
    const inboxes = new Set<Inbox>()
    const replays = new Replays(clock, 2 * freshness)
    const callback = createCallback({ inboxes, freshness, replays, clock, journal: this.#journal })
    const fork = this.ctx.plugin({
      name: 'wecom-bot-route',
      inject: ['server'],
      reusable: true,
      apply: (ctx: Context) => void ctx.server.all(path, callback as (exchange: Exchange) => Promise<void>),
    })
    return { inboxes, dispose: () => fork.dispose() }
  }

  #turn(session: Session): Turn | undefined {
    const id = session.event.referrer?.turn
    if (!id || session.event.platform !== 'wecom-bot') return
    const { selfId } = session.event
    return this.bots.find(bot => bot.selfId === selfId)?.desk.turns.get(id)
  }
}
