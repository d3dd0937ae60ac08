import type { Context } from 'koishi'
import { trimSlash } from 'koishi'
import type {} from '@koishijs/plugin-server'
import type { Clock } from 'common/time'
import { RecentlySeen } from '../util/recently-seen'
import type { CallbackLog } from './callback-log'
import type { CallbackReceiver, Exchange } from './handler'
import { createCallback } from './handler'
import type { BotStatus } from './status'
import { CallbackStats, isAllowed, metrics, report, snapshot } from './status'

/** A bot on a callback path. */
export interface CallbackBot extends CallbackReceiver {
  /** Bearer token that may read the status. Without it the status cannot be read. */
  readonly healthToken?: string
  status(): Omit<BotStatus, 'selfId'>
}

/** Normalizes a path as the server matches it: case and trailing slashes make no difference. */
export function canonical(path: string): string {
  return trimSlash(path).toLowerCase()
}

/** One callback path, with the bots that receive callbacks on it and their status. */
export class CallbackEndpoint {
  private readonly bots = new Map<string, CallbackBot>()
  private readonly stats = new CallbackStats()
  private readonly replays: RecentlySeen

  constructor(
    readonly path: string,
    readonly clock: Clock,
    readonly log: CallbackLog,
  ) {
    this.replays = new RecentlySeen(clock, 0)
  }

  /** There is a bot with the credentials for callbacks. */
  get takesCallbacks() {
    return [...this.bots.values()].some(bot => bot.credentials.length)
  }

  get isEmpty() {
    return !this.bots.size
  }

  add(selfId: string, bot: CallbackBot) {
    this.bots.set(selfId, bot)
    // A timestamp may be this much ahead when it first arrives, and this much behind when it is repeated.
    this.replays.spanMs = Math.max(this.replays.spanMs, 2 * bot.freshness)
  }

  delete(selfId: string) {
    this.bots.delete(selfId)
  }

  /** Registers the routes for as long as `ctx` lives. */
  open(ctx: Context) {
    const callback = createCallback({
      bots: { [Symbol.iterator]: () => this.bots.values() },
      replays: this.replays,
      clock: this.clock,
      log: this.log,
      stats: this.stats,
    }) as (exchange: Exchange) => Promise<void>
    ctx.server.get(this.path + '/health', this.guarded(() => report(this.stats, this.status())))
    ctx.server.get(this.path + '/metrics', this.guarded(() => metrics(this.stats, this.status())))
    ctx.server.all(this.path, callback)
  }

  snapshot(): object {
    return snapshot(this.path, this.stats, this.status())
  }

  private status(): BotStatus[] {
    return [...this.bots].map(([selfId, bot]) => ({ selfId, ...bot.status() }))
  }

  private guarded(body: () => unknown) {
    return (exchange: Exchange) => {
      const mayRead = [...this.bots.values()].some(({ healthToken }) => isAllowed(exchange.req, healthToken))
      exchange.status = mayRead ? 200 : 403
      exchange.body = mayRead ? body() : 'forbidden'
    }
  }
}
