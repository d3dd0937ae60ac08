import { h, Universal } from 'koishi'
import type { Bot, Context, Session } from 'koishi'
import type { SharedState } from 'common/shared-state'
import type { Clock } from 'common/time'
import { createAccount } from './account'
import type { Account } from './account'
import { App } from './api/app'
import { MAX_CALLS_PER_SECOND } from './api/limits'
import { isStockBot } from './api/stock-bot'
import type { StockBot } from './api/stock-bot'
import { restoreMention } from './bot/mention'
import { describeUsage, usageParts } from './commands/usage'
import { settingsOf } from './config'
import type { Config } from './config'
import { closeLeftOpenCards } from './delivery/card-recovery'
import { DatabaseAccess } from 'common/database'
import { carryOverRows } from './storage/carry-over'
import { LEASES_EXPIRE_MS, SharedLeases } from './instances/shared-leases'
import { SharedCounts } from './instances/shared-counts'
import { SharedRate } from './instances/shared-rate'
import { MonthlyUsageStore } from './storage/monthly-usage'
import { OpenCardStore } from './storage/open-cards'
import { declareTables } from './storage/tables'
import { UnansweredMessages } from './storage/unanswered-messages'
import { MessageDeduplicator } from './stream/dedupe'
import { takeHttpCallbacks } from './stream/http-callbacks'
import type { HttpApp } from './stream/http-callbacks'
import { TurnRegistry } from './turn/turn-registry'

/** After a card could not be closed, it is tried again. */
const FIRST_RETRY_MS = 15_000
/** After an answer was lost, its chat is told. After a try that failed, the pause is twice as long each time. */
const RETRY_MS = 60_000
const MAX_RETRY_MS = 30 * 60_000

export interface CompanionOptions {
  clock: Clock
  /** A number from 0 up to 1. */
  random: () => number
}

/** Finds the bots of the stock adapter and gives each of them what it lacks. */
export class Companion {
  /** By serial number: the same bot is another object in every context. */
  private readonly accounts = new Map<number, Account>()
  /** By app key. A bot that is loaded again, and further bots of one app, share its limits. */
  private readonly apps = new Map<string, App>()
  private readonly cards: OpenCardStore
  private readonly unanswered: UnansweredMessages
  /** Set where several instances act as one. */
  private shared?: SharedState
  private readonly sharedState = () => this.shared
  private readonly sharedRate: SharedRate
  private readonly database: DatabaseAccess
  private readonly turns: TurnRegistry
  private readonly warn: (text: string) => void
  private isClosed = false
  /** Ends when the rows of earlier versions have the form of this one. */
  private carryingOver: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly ctx: Context, private readonly config: Config, private readonly options: CompanionOptions,
  ) {
    const { clock } = options
    const logger = ctx.logger('dingtalk-companion')
    this.warn = text => logger.warn(text)
    declareTables(ctx)
    this.database = new DatabaseAccess(ctx, { clock, logger, subject: 'open cards, unanswered messages, quota and seen messages' })
    this.cards = new OpenCardStore(this.database, clock, new SharedLeases(this.sharedState, 'card'))
    this.unanswered = new UnansweredMessages(this.database, clock, new SharedLeases(this.sharedState, 'message'))
    this.sharedRate = new SharedRate(this.sharedState, clock, MAX_CALLS_PER_SECOND - 1)
    ctx.inject(['sharedState'], (ctx) => {
      if (!ctx.sharedState.isShared) return
      this.shared = ctx.sharedState
      ctx.on('dispose', () => this.shared = undefined)
    })
    this.turns = new TurnRegistry(clock)
    this.watchBots()
    this.watchMessages()
    takeHttpCallbacks(ctx, { clock, apps: () => this.httpApps(), warn: this.warn })
    ctx.inject(['database'], () => {
      this.carryingOver = this.database.try(carryOverRows)
      this.eachAccount(account => this.restore(account))
    })
    // Before anything is disposed: the adapter cannot send afterwards.
    ctx.on('exit', async () => {
      await this.interrupt()
      this.unanswered.leave()
    })
  }

  /** The API calls of this month, one line per app. */
  describeUsage(session: Session): string[] {
    return describeUsage(this.apps.values(), this.options.clock.now(), session)
  }

  /** The API calls and messages of this month, one part per app. */
  usageParts(): object[] {
    return usageParts(this.apps.values(), this.options.clock.now())
  }

  /** Delivers what is held back, closes all cards, and leaves the bots as they were. It never throws. */
  async close() {
    this.isClosed = true
    this.eachAccount(({ connection, uninstall, recoveryTimer }) => {
      this.options.clock.clearTimeout(recoveryTimer)
      connection.dispose()
      uninstall()
    })
    await this.interrupt()
    await this.turns.endAll()
  }

  private watchBots() {
    const { ctx } = this
    ctx.on('bot-status-updated', bot => this.statusChanged(bot))
    ctx.on('bot-removed', bot => this.forget(bot))
    ctx.on('ready', () => {
      for (const bot of ctx.bots) this.statusChanged(bot)
    })
  }

  private watchMessages() {
    const { ctx, options: { clock }, turns } = this
    const deduplicator = new MessageDeduplicator(this.database, clock, this.sharedState)
    ctx.on('internal/session', (session) => {
      // Of these the turn was opened by `received`.
      if (!isMessage(session) || !isStockBot(session.bot) || turns.get(session.id)) return
      restoreMention(session)
      turns.open(session.id)
      // The adapter downloads each file, which is billed.
      this.spend(session.bot, h.select(session.elements ?? [], 'img,image,file').length)
    })
    ctx.on('middleware', session => void turns.end(session.id), { global: true })
    // Before all others: a repeated command must not run twice either.
    ctx.middleware(async (session, next) => {
      if (!isStockBot(session.bot)) return next()
      if (await deduplicator.isRepeated(session)) return
      try {
        return await next()
      } finally {
        turns.returned(session.id)
      }
    }, { prepend: true, global: true } as never)
  }

  private httpApps(): HttpApp[] {
    const apps: HttpApp[] = []
    for (const bot of this.ctx.bots) {
      if (!isStockBot(bot) || bot.config.protocol !== 'http') continue
      apps.push({ secret: bot.config.secret, received: callback => this.accountOf(bot).received(callback) })
    }
    return apps
  }

  private statusChanged(bot: Bot) {
    if (!isStockBot(bot)) return
    const account = this.accountOf(bot)
    account.connection.statusChanged()
    if (bot.status === Universal.Status.ONLINE) this.restore(account)
  }

  private forget(bot: Bot) {
    const account = this.accounts.get(bot.sn)
    if (!account) return
    this.accounts.delete(bot.sn)
    this.options.clock.clearTimeout(account.recoveryTimer)
    account.connection.dispose()
    account.uninstall()
    void account.messages.interrupt()
  }

  private spend(bot: StockBot, calls: number) {
    if (calls) this.accountOf(bot).api.app.quota.spend(calls)
  }

  private accountOf(found: StockBot): Account {
    const known = this.accounts.get(found.sn)
    if (known) return known
    // A bot that is taken from a plugin's context cannot send any more when that plugin has been disposed.
    const bot = this.ctx.root.bots.find(({ sn }) => sn === found.sn) as StockBot | undefined ?? found
    const { cards: store, ctx, options, turns, unanswered, warn } = this
    const config = settingsOf(this.config, bot.selfId)
    const app = this.appOf(bot.selfId)
    const account = createAccount(bot, {
      ...options, app, config, ctx, store, turns, unanswered, warn,
      lost: () => this.restoreLater(account, RETRY_MS),
      leftOpen: () => this.restoreLater(account, FIRST_RETRY_MS),
    })
    this.accounts.set(bot.sn, account)
    return account
  }

  private appOf(id: string): App {
    const known = this.apps.get(id)
    if (known) return known
    const { config: { monthlyCalls, monthlyMessages }, database, options: { clock }, warn } = this
    const counts = new SharedCounts(this.sharedState)
    const calls = new MonthlyUsageStore(database, id, 'calls', counts)
    const messages = new MonthlyUsageStore(database, id, 'messages', counts)
    const app = new App(id, {
      clock, monthlyCalls, monthlyMessages, warn,
      quotaChanged: quota => calls.save(quota),
      messagesChanged: quota => messages.save(quota),
      sharedSlot: () => this.sharedRate.take(id),
    })
    this.apps.set(id, app)
    return app
  }

  private eachAccount(task: (account: Account) => void) {
    for (const account of this.accounts.values()) task(account)
  }

  private async interrupt() {
    await Promise.all([...this.accounts.values()].map(({ messages }) => messages.interrupt()))
  }

  /** Loads the count of calls, closes the cards that were left open, and tells whose messages were left unanswered. */
  private restore(account: Account) {
    account.recovering ??= this.recover(account).finally(() => account.recovering = undefined)
  }

  private async recover(account: Account) {
    const { options: { clock } } = this
    const { api } = account
    await this.carryingOver
    // Nothing is spent: this only has the counts read and written.
    api.app.quota.spend(0)
    api.app.messages.spend(0)
    clock.clearTimeout(account.recoveryTimer)
    account.recoveryAt = undefined
    const cards = await closeLeftOpenCards(api, this.cards, clock)
    const messages = await account.askAgain()
    // Those of an instance that died a moment ago, perhaps this one before its restart, count as written still.
    if (cards.hasSkipped || messages.hasSkipped) this.restoreLater(account, LEASES_EXPIRE_MS)
    const hasFailed = cards.hasFailed || messages.hasFailed
    account.failedRecoveries = hasFailed ? (account.failedRecoveries ?? 0) + 1 : 0
    if (hasFailed) this.restoreLater(account, Math.min(RETRY_MS * 2 ** (account.failedRecoveries - 1), MAX_RETRY_MS))
  }

  private restoreLater(account: Account, delayMs: number) {
    const { accounts, options: { clock } } = this
    if (this.isClosed || ![...accounts.values()].includes(account)) return
    const at = clock.monotonic() + delayMs
    if (account.recoveryAt !== undefined && account.recoveryAt <= at) return
    clock.clearTimeout(account.recoveryTimer)
    account.recoveryAt = at
    account.recoveryTimer = clock.setTimeout(() => {
      account.recoveryAt = undefined
      this.restore(account)
    }, delayMs)
  }
}

function isMessage({ type }: Session) {
  return type === 'message' || type === 'message-created'
}
