import type { Context, Logger } from 'koishi'
import { createPost } from './api/client'
import type { Transport } from './api/http'
import { throughKoishi, throughProxy } from './api/http'
import { createCredentials } from './callback/credentials'
import type { CallbackBot } from './callback/endpoint'
import type { Config } from './config'
import { configWarnings, modeOf } from './config'
import { Admission } from './inbound/admission'
import type { AibotHandler } from './inbound/aibot-handler'
import { Takeover } from './inbound/takeover'
import type { Dispatcher, HandlerContext } from './inbound/types'
import { LongConnection } from './long-connection/long-connection'
import { Attachments } from './media/attachments'
import { downloadMedia, fetchFile } from './media/media'
import { createFileReader } from './media/outgoing-files'
import { MAX_FILE_BYTES } from './protocol/limits'
import { WecomApp } from './push/app'
import { DeferredDelivery } from './push/deferred-delivery'
import { PushTargets } from './push/push-targets'
import { Sender } from './push/sender'
import { WebhookRegistry } from './push/webhook-registry'
import { shareStores } from './instances/share-stores'
import { SharedLimits } from './instances/shared-limits'
import { SharedTurns } from './instances/shared-turns'
import { createAibotHandler, createCallbackBot, createReplyAddresses } from './receivers'
import { createDatabaseStores } from './storage/database'
import type { Stores } from './storage/stores'
import { createMemoryStores } from './storage/stores'
import { Concurrency } from './turn/concurrency'
import { FallbackDelivery } from './turn/fallback'
import type { Notices } from './turn/notices'
import { createNotices } from './turn/notices'
import { StreamCards } from './turn/stream-cards'
import { createTurnLog } from './turn/turn-log'
import { TURN_LIFETIME_MS } from './turn/turn-options'
import type { TurnController } from './turn/turn-controller'
import { TurnRegistry } from './turn/turn-registry'
import type { ConnectionState } from './websocket/connection'
import { dialThroughKoishi, dialThroughProxy } from './websocket/dial'
import type { Clock } from 'common/time'

/** The services of one bot, wired from its configuration. */
export class BotServices {
  readonly stores: Stores
  readonly concurrency: Concurrency
  readonly sharedTurns: SharedTurns
  readonly sharedLimits: SharedLimits
  readonly turns: TurnRegistry
  readonly admission: Admission
  readonly takeover: Takeover
  readonly webhooks: WebhookRegistry
  readonly app?: WecomApp
  readonly pushTargets: PushTargets
  readonly sender: Sender
  readonly deferred: DeferredDelivery
  readonly attachments: Attachments
  /** Set if the bot is not reached by callbacks. */
  readonly longConnection?: LongConnection
  /** The bot as its callback path sees it. */
  readonly callbacks: CallbackBot
  private readonly aibot: AibotHandler
  /** Aborts downloads and connections of the proxy. */
  private readonly closing = new AbortController()

  constructor(
    ctx: Context,
    readonly config: Config,
    readonly logger: Logger,
    readonly clock: Clock,
    readonly dispatcher: Dispatcher,
    /** Called whenever the state of the long connection changes. */
    connectionChanged: (state: ConnectionState) => void = () => {},
  ) {
    for (const warning of configWarnings(config)) logger.warn(warning)
    const notices = createNotices(ctx)
    const log = createTurnLog(logger, TURN_LIFETIME_MS)
    const transport = config.proxy
      ? throughProxy(config.proxy, this.closing.signal)
      : throughKoishi(ctx.http)
    const post = createPost(transport)
    const botId = config.botId || 'wecom-bot'
    this.sharedTurns = this.createSharedTurns(ctx, botId, turn => streamCards.confirm(turn))
    const stores = config.storage === 'database'
      ? createDatabaseStores(ctx, config.retention, config.botId || '', clock)
      : createMemoryStores(clock)
    this.stores = shareStores(stores, botId, this.sharedTurns, clock)
    const limits = { total: config.maxTurns, user: config.maxUserTurns, maxAge: config.streamWindow }
    this.sharedLimits = new SharedLimits(botId, () => this.sharedTurns.state, limits, clock)
    const { cards, groups, deferred, streams } = this.stores
    const recordGroup = (chatId: string) => groups.recordGroup(botId, chatId)
    this.webhooks = new WebhookRegistry(config, post, clock, recordGroup, (url, signal) => {
      return this.sharedLimits.webhookSlot(url, signal)
    })
    this.deferred = new DeferredDelivery(this.webhooks, deferred, config.storage === 'database', logger)
    if (config.storage === 'database') ctx.inject(['database'], () => void this.deferred.resume())
    ctx.inject(['sharedState'], ctx => ctx.on('dispose', this.deferred.connect(ctx.sharedState, botId)))
    this.app = this.createApp(transport)
    const streamCards = new StreamCards({
      enabled: config.streamStyle === 'stream_with_template_card',
      buttons: config.cardButtons,
      title: () => notices.card,
      clicked: notices.clicked,
    }, cards)
    if (modeOf(config) === 'websocket') {
      const connection = this.longConnection = this.createLongConnection(ctx, streamCards, notices, connectionChanged)
      if (config.storage === 'database') ctx.inject(['database'], () => void connection.closeLeftBubbles())
    }
    this.pushTargets = new PushTargets(config, this.webhooks, clock, this.app, this.longConnection)
    this.concurrency = new Concurrency(limits, clock)
    this.turns = new TurnRegistry({
      options: {
        streaming: config.replyMode === 'passive_stream',
        cards: config.streamStyle === 'stream_with_template_card',
        placeholder: config.placeholder,
        window: config.streamWindow,
        unclaimed: config.unclaimed,
        retention: config.retention,
        lifetime: TURN_LIFETIME_MS,
      },
      notices,
      fallback: new FallbackDelivery(post, clock, notices, chatId => this.webhooks.forChannel(chatId)),
      streams,
      clock,
      log,
      sharedTurns: this.sharedTurns,
      sharedLimits: this.sharedLimits,
      cardOf: turn => streamCards.attach({ turn }, 'another instance'),
    }, this.concurrency)
    this.sender = new Sender(this.turns, this.pushTargets, createFileReader({
      http: ctx.http,
      limit: MAX_FILE_BYTES,
      trusted: config.trustedHosts,
      clock,
      signal: this.closing.signal,
      warn: reason => logger.warn('could not read an outgoing file, sending a link instead: %s', reason),
    }), notices)
    this.attachments = this.createAttachments()
    this.admission = new Admission(this.concurrency, notices, () => this.sharedTurns.hasOthers)
    const replyAddresses = createReplyAddresses(config, logger)
    this.takeover = new Takeover({
      sharedTurns: this.sharedTurns,
      turns: this.turns,
      admission: this.admission,
      dispatcher,
      notices,
      placeholder: config.placeholder,
      clock,
      pushedBubbles: this.longConnection,
      isTrusted: replyAddresses.isTrusted,
    })
    ctx.inject(['sharedState'], ctx => ctx.on('ready', () => {
      if (ctx.sharedState.isShared) this.takeover.start()
    }))
    const context: HandlerContext = {
      turns: this.turns,
      admission: this.admission,
      sharedLimits: this.sharedLimits,
      cards: streamCards,
      stores: this.stores,
      welcome: config.welcome,
      notices,
      dispatcher,
    }
    this.aibot = createAibotHandler(this, context, replyAddresses)
    this.callbacks = createCallbackBot(this, { aibot: this.aibot, context, log, replyAddresses })
  }

  dispose() {
    this.closing.abort()
    this.takeover.stop()
    this.turns.dispose()
    this.attachments.dispose()
    this.webhooks.dispose()
    this.longConnection?.dispose()
    this.app?.dispose()
    void this.stores.dispose()
  }

  private createSharedTurns(ctx: Context, botId: string, carded: (turn: TurnController) => void): SharedTurns {
    const turns = new SharedTurns(botId, {
      fetched: id => this.turns.fetchedElsewhere(id),
      carded: (id) => {
        const turn = this.turns.find(id)
        if (turn) carded(turn)
      },
      lost: id => this.turns.find(id)?.lost(),
    }, this.clock)
    ctx.inject(['sharedState'], (ctx) => {
      ctx.on('dispose', turns.connect(ctx.sharedState))
    })
    return turns
  }

  private createApp(transport: Transport): WecomApp | undefined {
    const { corpId, agentId, secret, apiEndpoint, appFormat: format } = this.config
    if (!corpId || !agentId || !secret) return
    const { cards } = this.stores
    return new WecomApp({
      corpId,
      agentId,
      secret,
      apiEndpoint,
      format,
      sentCard: card => cards.save(card, false),
    }, transport, this.clock)
  }

  private createLongConnection(
    ctx: Context,
    cards: StreamCards,
    notices: Notices,
    changed: (state: ConnectionState) => void,
  ) {
    const { config, clock, logger } = this
    const { botId = '', botSecret = '', wsUrl, proxy, feedback, placeholder } = config
    const connection = new LongConnection({
      botId,
      secret: botSecret,
      dial: proxy ? dialThroughProxy(proxy, wsUrl) : dialThroughKoishi(ctx.http, wsUrl),
      clock,
      logger,
      feedback,
      placeholder,
      cards,
      streams: this.stores.streams,
      notices,
      isOwn: id => !!this.turns.find(id),
      sentCard: card => this.stores.cards.save(card, false),
      accept: (payload, route) => this.aibot.accept(payload, false, route),
      changed,
    })
    ctx.inject(['sharedState'], (ctx) => {
      ctx.on('dispose', connection.lease.connect(ctx.sharedState))
    })
    return connection
  }

  private createAttachments() {
    const { config, clock, app } = this
    const options = {
      keys: createCredentials(config).map(({ key }) => key),
      limit: config.mediaLimit * (1 << 20),
      clock,
      trusted: config.trustedHosts,
      signal: this.closing.signal,
    }
    return new Attachments((link) => {
      if (!link.isPlain) return downloadMedia(link, options)
      return link.url || !app ? fetchFile(link.url, options) : app.media(link.mediaId!, options.limit)
    }, clock)
  }
}
