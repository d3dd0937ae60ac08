import type { Context, Logger } from 'koishi'
import { isTrusted } from './media/trusted-hosts'
import type { WecomAppOptions } from './push/app'
import { WecomApp } from './push/app'
import { Attachments } from './media/attachments'
import { StreamCards } from './turn/stream-cards'
import type { Clock } from './util/clock'
import type { Config } from './config'
import type { Credential } from './protocol/crypto'
import { decodeKey } from './protocol/crypto'
import { createDatabaseStores } from './storage/database'
import { PushTargets } from './push/push-targets'
import { createFileReader } from './media/outgoing-files'
import type { AibotHandlerOptions } from './inbound/aibot-handler'
import { AibotHandler } from './inbound/aibot-handler'
import { Concurrency } from './turn/concurrency'
import type { Media, MediaOptions } from './media/media'
import { downloadMedia, fetchFile } from './media/media'
import { createNotices } from './turn/notices'
import { FallbackDelivery } from './turn/fallback'
import { PassiveHandler } from './inbound/passive-handler'
import type { MediaLink } from './protocol/payload'
import { MAX_FILE_BYTES } from './protocol/limits'
import { parseProxy } from './api/proxy'
import { WecomApiError, createPost } from './api/client'
import { Sender } from './push/sender'
import type { Stores } from './storage/stores'
import { createMemoryStores } from './storage/stores'
import type { Transport } from './api/http'
import { throughKoishi, throughProxy } from './api/http'
import { TurnRegistry } from './turn/turn-registry'
import { WebhookRegistry } from './push/webhook-registry'

/** After so long a turn that has not ended is given up; its `response_url` is about to expire. Milliseconds. */
const LIFETIME = 55 * 60_000

/** How callbacks reach Koishi. */
export type Dispatcher = Pick<AibotHandlerOptions, 'dispatch' | 'notify' | 'click' | 'verified'>

/** All that one bot has open, put together from its settings. */
export class BotServices {
  readonly stores: Stores
  readonly turns: TurnRegistry
  readonly webhooks: WebhookRegistry
  readonly directory: PushTargets
  readonly sender: Sender
  readonly attachments: Attachments
  readonly inbox: AibotHandler
  readonly passive: PassiveHandler
  readonly app?: WecomApp
  private readonly closing = new AbortController()

  constructor(
    ctx: Context,
    readonly config: Config,
    readonly logger: Logger,
    readonly clock: Clock,
    hooks: Dispatcher,
  ) {
    const notices = createNotices(ctx)
    const transport = config.proxy
      ? throughProxy(parseProxy(config.proxy), this.closing.signal)
      : throughKoishi(ctx.http)
    const post = createPost(transport)
    const cards = config.streamStyle === 'stream_with_template_card'
    const keys = credentials(config)
    if (config.retention < 2 * config.freshness) {
      logger.warn('retention is shorter than twice freshness: a message that WeCom repeats late would be refused as a '
        + 'replay; set retention to %d or more, or freshness to %d or less', 2 * config.freshness, Math.floor(config.retention / 2))
    }
    this.stores = config.storage === 'database'
      ? createDatabaseStores(ctx, config.retention, config.botId || '', clock)
      : createMemoryStores(clock)
    this.webhooks = new WebhookRegistry(config, post, clock, chatId => this.stores.groups.recordGroup(config.botId || 'wecom-bot', chatId))
    const openFile = createFileReader({
      http: ctx.http,
      limit: MAX_FILE_BYTES,
      trusted: config.trustedHosts,
      clock,
      signal: this.closing.signal,
      warn: reason => logger.warn('a file of a message is sent as a link or not at all: %s', reason),
    })
    // What the process before this one could not send any more.
    if (config.storage === 'database') ctx.inject(['database'], () => void this.resume(logger))
    this.app = createApp(config, transport, clock, logger, card => this.stores.cards.save(card, false))
    this.directory = new PushTargets(config, this.webhooks, clock, this.app)
    this.turns = new TurnRegistry({
      streaming: config.replyMode === 'passive_stream',
      cards,
      placeholder: config.placeholder,
      window: config.streamWindow,
      unclaimed: config.unclaimed,
      retention: config.retention,
      lifetime: LIFETIME,
    }, notices, new FallbackDelivery(post, clock, notices, chatId => this.webhooks.forChannel(chatId)), clock, {
      deliveryFailed: (turn, error) => logger.warn('message %s: %s', turn.msgId, error instanceof Error ? error.message : error),
      timedOut: turn => logger.warn('message %s: still no end after %d minutes, given up', turn.msgId, LIFETIME / 60_000),
    }, new Concurrency({ total: config.maxTurns, user: config.maxUserTurns, maxAge: config.streamWindow }, clock))
    this.sender = new Sender(this.turns, this.directory, openFile)
    this.attachments = new Attachments(link => fetchLink(link, {
      keys: keys.map(({ key }) => key),
      limit: config.mediaLimit * (1 << 20),
      clock,
      trusted: config.trustedHosts,
      signal: this.closing.signal,
    }, this.app), clock)
    const shared = {
      ...hooks,
      welcome: config.welcome,
      turns: this.turns,
      cards: new StreamCards({
        enabled: cards,
        buttons: config.cardButtons,
        title: () => notices.card,
        clicked: notices.clicked,
      }, this.stores.cards),
      stores: this.stores,
      notices,
    }
    this.passive = new PassiveHandler({
      ...shared,
      agentId: config.agentId || undefined,
      wait: config.passiveReply,
      unclaimed: config.unclaimed,
      app: this.app,
      webhooks: this.webhooks,
      clock,
      webhookOf: (url) => {
        const webhook = this.directory.robotWebhook(url)
        this.trusts(!!webhook)
        return webhook
      },
    })
    this.inbox = new AibotHandler({
      ...shared,
      credentials: keys,
      freshness: config.freshness,
      botId: config.botId || undefined,
      passive: this.passive,
      firstReply: config.firstReply,
      feedback: config.feedback,
      isTrusted: url => this.trusts(isTrusted(url, config.apiEndpoint, config.trustedHosts)),
    })
  }

  /** Takes nothing new, and lets what is open come to an end. */
  async leave() {
    const end = this.clock.now() + this.config.drain
    this.inbox.leaving = this.passive.leaving = true
    await this.turns.drain(this.config.drain)
    await this.webhooks.whenIdle(end - this.clock.now())
    await this.app?.whenIdle(end - this.clock.now())
    const { kept, lost } = await this.webhooks.close(messages => this.stores.deferred.deferMessages(messages))
    if (kept) this.logger.info('%d unsent messages of webhooks are kept for the next start', kept)
    if (lost) this.logger.warn('%d unsent messages of webhooks are lost: %s', lost, this.config.storage === 'database'
      ? 'the database did not take them, or their webhook is in no setting'
      : 'with storage "database" they would be kept')
    await this.stores.dispose()
  }

  private trusts(isTrusted: boolean): boolean {
    if (!isTrusted) this.logger.warn('an address of an untrusted host is ignored; trustedHosts would have to name it')
    return isTrusted
  }

  private async resume(logger: Logger) {
    await this.webhooks.resume(targets => this.stores.deferred.takeDeferred(targets), (error) => {
      if (error instanceof WecomApiError && error.failure === 'deferred') return
      logger.warn('a message kept from before the start is lost: %s', (error as Error).message)
    })
  }

  dispose() {
    this.closing.abort()
    this.turns.dispose()
    this.attachments.dispose()
    this.webhooks.dispose()
    this.app?.dispose()
    void this.stores.dispose()
  }
}

function createApp(
  config: Config,
  transport: Transport,
  clock: Clock,
  logger: Logger,
  sentCard: WecomAppOptions['sentCard'],
): WecomApp | undefined {
  const { corpId, agentId, secret, apiEndpoint, appFormat: format } = config
  if (corpId && agentId && secret) {
    return new WecomApp({ corpId, agentId, secret, apiEndpoint, format, sentCard }, transport, clock)
  }
  if (agentId || secret) logger.warn('corpId, agentId and secret belong together: without one of them nothing is sent through the app')
}

function fetchLink(link: MediaLink, options: MediaOptions, app?: WecomApp): Promise<Media> {
  if (!link.isPlain) return downloadMedia(link, options)
  return link.url || !app ? fetchFile(link.url, options) : app.media(link.mediaId!, options.limit)
}

/** The credential in use, then the one it replaces, which stays valid while the console is being changed. */
function credentials(config: Config): Credential[] {
  const { token, encodingAESKey, receiveId, corpId, previousToken, previousEncodingAESKey } = config
  const list: Credential[] = [{ token, key: decodeKey(encodingAESKey), receiveId }]
  if (previousToken || previousEncodingAESKey) {
    list.push({ token: previousToken || token, key: decodeKey(previousEncodingAESKey || encodingAESKey), receiveId })
  }
  if (!corpId || corpId === receiveId) return list
  return list.flatMap(credential => [credential, { ...credential, receiveId: corpId, isApp: true }])
}
