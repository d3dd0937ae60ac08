import { randomUUID } from 'node:crypto'
import { h, Universal } from 'koishi'
import type { Bot, Context, Session } from 'koishi'
import type { Clock } from '../../gemini-chat/src/util/clock'
import { describeError } from '../../gemini-chat/src/util/describe-error'
import { localizeText } from '../../gemini-chat/src/messages/i18n'
import type { Delivery } from '../../gemini-chat/src/delivery/target'
import { Api } from './api/api'
import { App } from './api/app'
import { isDingtalk, placeOf } from './api/stock-bot'
import type { DingtalkBot } from './api/stock-bot'
import { monthOf } from './api/monthly-quota'
import { CardDelivery } from './delivery/card'
import type { DingtalkConfig } from './config'
import { Line } from './stream/stream-connection'
import { MarkdownDelivery } from './delivery/markdown-sender'
import type { Refusal } from './api/error'
import { declareMessages, Seen } from './stream/dedupe'
import { declareTables, Ledger, OpenCards, Shelf } from './storage/open-cards'
import { toCard } from './render/markdown'

export { DingtalkConfig } from './config'

export interface DingtalkOptions {
  clock: Clock
  random: () => number
}

/** What belongs to one bot. */
interface Account {
  api: Api
  line: Line
  recovering?: Promise<void>
}

const DAY = 86_400_000

/** Everything that DingTalk needs beyond what its stock adapter does. */
export class Dingtalk {
  /** By serial number: the same bot comes as another object each time. */
  private readonly accounts = new Map<number, Account>()
  /** Several bots of one app, and one bot that was loaded again, share its limits. */
  private readonly apps = new Map<string, App>()
  private readonly cards: OpenCards
  private readonly shelf: Shelf
  private readonly warn: (text: string) => void

  constructor(
    private readonly ctx: Context,
    private readonly config: DingtalkConfig,
    private readonly options: DingtalkOptions,
  ) {
    const logger = ctx.logger('gemini-chat')
    this.warn = text => logger.warn(text)
    declareTables(ctx)
    declareMessages(ctx)
    this.shelf = new Shelf(ctx, error => logger.warn('what DingTalk needs cannot be stored: %s', describeError(error)))
    this.cards = new OpenCards(this.shelf, options.clock)
    const seen = new Seen(this.shelf, options.clock)
    // Before everybody else's: a command must not run twice either.
    ctx.middleware(async (session, next) => {
      if (!isDingtalk(session.bot) || !await seen.isRepeated(session)) return next()
    }, true)

    ctx.on('bot-status-updated', bot => this.notice(bot))
    ctx.on('bot-removed', bot => this.forget(bot))
    // What the adapter does by itself is billed as well: what others send, and each file that is received.
    ctx.on('send', ({ bot }) => this.spend(bot, 1))
    ctx.on('message', ({ bot, elements }) => this.spend(bot, h.select(elements ?? [], 'img,image,file').length))
    ctx.inject(['database'], () => this.eachAccount(account => this.catchUp(account)))
    // Before anything is disposed: afterwards the adapter cannot send any more.
    ctx.on('exit', () => this.cards.abandon())
    ctx.on('ready', () => {
      for (const bot of ctx.bots) this.notice(bot)
    })
    ctx.on('dispose', () => {
      void this.cards.abandon()
      this.eachAccount(({ line }) => line.dispose())
    })
  }

  /** The way of an answer to its reader; nothing, when the message came from elsewhere. */
  deliver(session: Session, streaming: boolean): Delivery | undefined {
    const { bot } = session
    if (!isDingtalk(bot)) return
    const { api } = this.accountOf(bot)
    const { streaming: pace, cardTemplateId: template, cardKey: key } = this.config
    const place = placeOf(session)
    const messages = new MarkdownDelivery(api, place)
    if (!streaming || pace === 'off' || !template || !api.app.takesCards) return messages
    const { clock } = this.options
    const notice = localizeText(session, 'interrupted')
    return new CardDelivery({ api, place, messages, template, key, pace, clock, cards: this.cards, notice })
  }

  /** What the apps have used this month, a line for each; nothing without any. */
  usage(session: Session): string | undefined {
    const month = monthOf(this.options.clock.now())
    const lines = [...this.apps.values()].map(({ id, budget: { used, limit, isShort } }) => {
      const path = !limit ? 'dingtalk.unlimited' : isShort ? 'dingtalk.short' : 'dingtalk.usage'
      return localizeText(session, path, { app: id, month, used, limit })
    })
    return lines.join('\n') || undefined
  }

  private notice(bot: Bot) {
    if (!isDingtalk(bot)) return
    const account = this.accountOf(bot)
    account.line.notice()
    if (bot.status === Universal.Status.ONLINE) this.catchUp(account)
  }

  private forget(bot: Bot) {
    if (!isDingtalk(bot)) return
    this.accounts.get(bot.sn)?.line.dispose()
    this.accounts.delete(bot.sn)
  }

  private spend(bot: Bot, calls: number) {
    if (calls && isDingtalk(bot)) this.accountOf(bot).api.app.budget.spend(calls)
  }

  private accountOf(found: DingtalkBot): Account {
    let account = this.accounts.get(found.sn)
    if (account) return account
    // Whoever gets a bot through a plugin's context cannot call anything with it once that has gone.
    const bot = this.ctx.root.bots.find(({ sn }) => sn === found.sn) as DingtalkBot | undefined ?? found
    const { clock } = this.options
    const { monthlyCalls, silence } = this.config
    let app = this.apps.get(bot.selfId)
    if (!app) {
      this.apps.set(bot.selfId, app = new App(bot.selfId, { clock, monthlyCalls, warn: this.warn }))
      const { budget } = app
      const ledger = new Ledger(this.shelf, app.id, clock)
      budget.onchange = () => ledger.save(budget)
    }
    account = {
      api: new Api(bot, app, this.options),
      line: new Line(bot, { clock, silence: bot.config.protocol === 'ws' ? silence : 0, warn: this.warn }),
    }
    this.accounts.set(bot.sn, account)
    return account
  }

  private eachAccount(task: (account: Account) => void) {
    for (const account of this.accounts.values()) task(account)
  }

  /** Reads what was counted before, and ends the cards that were left open. */
  private catchUp(account: Account) {
    account.api.app.budget.onchange?.()
    account.recovering ??= this.recover(account).finally(() => account.recovering = undefined)
  }

  private async recover({ api }: Account) {
    for (const { outTrackId, key, content, notice, createdAt } of await this.cards.orphans(api.app.id)) {
      const close = async (text: string): Promise<Refusal | undefined> => {
        const how = { isFull: true, isFinalize: true, isError: false }
        const frame = { outTrackId, guid: randomUUID(), key, content: text, ...how }
        return api.stream(frame, true).then(() => undefined, error => error)
      }
      let refusal = await close(toCard([content, notice].filter(Boolean).join('\n\n')))
      if (refusal?.kind === 'large') refusal = await close(toCard(notice))
      if (!refusal?.mayPass || this.options.clock.now() - createdAt.getTime() > DAY) await this.cards.forget(outTrackId)
      else return
    }
  }
}
