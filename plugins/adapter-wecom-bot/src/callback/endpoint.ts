import type { Context } from 'koishi'
import { trimSlash } from 'koishi'
import type {} from '@koishijs/plugin-server'
import type { Exchange } from './handler'
import { createCallback } from './handler'
import type { Clock } from '../util/clock'
import type { BotServices } from '../services'
import { CallbackStats, maySee, metrics, report } from './status'
import type { CallbackLog } from './callback-log'
import { RecentlySeen } from '../util/recently-seen'

/** One name for all spellings of a path that the server takes for the same: it minds neither case nor a last slash. */
export function canonical(path: string): string {
  return trimSlash(path).toLowerCase()
}

/** One callback path: the bots that are reached on it, and how they stand. */
export class CallbackEndpoint {
  private readonly bots = new Map<string, BotServices>()
  private readonly tally = new CallbackStats()
  private readonly replays: RecentlySeen

  constructor(
    readonly path: string,
    readonly clock: Clock,
    readonly journal: CallbackLog,
  ) {
    this.replays = new RecentlySeen(clock, 0)
  }

  get isEmpty() {
    return !this.bots.size
  }

  add(selfId: string, services: BotServices) {
    this.bots.set(selfId, services)
    // From as early as it may come to as late as it may come again.
    this.replays.span = Math.max(this.replays.span, 2 * services.config.freshness)
  }

  delete(selfId: string) {
    this.bots.delete(selfId)
  }

  /** Takes its places on the server, as long as `ctx` lives. */
  open(ctx: Context) {
    const callback = createCallback({
      inboxes: { [Symbol.iterator]: () => this.inboxes() },
      replays: this.replays,
      clock: this.clock,
      journal: this.journal,
      tally: this.tally,
    }) as (exchange: Exchange) => Promise<void>
    ctx.server.get(this.path + '/health', this.guarded(() => report(this.tally, this.standing())))
    ctx.server.get(this.path + '/metrics', this.guarded(() => metrics(this.tally, this.standing())))
    ctx.server.all(this.path, callback)
  }

  private* inboxes() {
    for (const services of this.bots.values()) yield services.inbox
  }

  private standing() {
    return [...this.bots].map(([selfId, { turns, webhooks }]) => {
      return { selfId, answering: turns.load.size, turns: turns.size, queued: webhooks.waiting }
    })
  }

  private guarded(body: () => unknown) {
    return (exchange: Exchange & { ip?: string }) => {
      const { headers, httpVersion, socket } = exchange.req
      const asker = { address: socket.remoteAddress, headers, httpVersion }
      const tokens = [...this.bots.values()].map(services => services.config.healthToken)
      const isAllowed = [undefined, ...tokens].some(token => maySee(asker, token))
      exchange.status = isAllowed ? 200 : 403
      exchange.body = isAllowed ? body() : 'forbidden'
    }
  }
}
