import { Context, Logger } from 'koishi'
import { isTrusted } from './address'
import { Attachments } from './attachments'
import { Cards } from './cards'
import { Clock } from './clock'
import { Config } from './config'
import { Credential, decodeKey } from './crypto'
import { DatabaseStore } from './database'
import { createFiles } from './files'
import { Inbox, InboxOptions } from './inbox'
import { Load } from './load'
import { download } from './media'
import { createNotices } from './notices'
import { Outlet } from './outlet'
import { OpenFile } from './part'
import { parseProxy } from './proxy'
import { Push, WebhookPush } from './push'
import { QyapiError, createPost } from './qyapi'
import { MemoryStore, Store } from './store'
import { throughKoishi, throughProxy } from './transport'
import { Turns } from './turns'
import { Webhooks } from './webhooks'

/** After so long a turn that has not ended is given up; its `response_url` is about to expire. Milliseconds. */
const LIFETIME = 55 * 60_000

/** Largest file that webhooks take, in bytes. */
const PUSH_FILE_LIMIT = 20 << 20

/** What the desk hands to Koishi. */
export type Hooks = Pick<InboxOptions, 'dispatch' | 'notify' | 'click' | 'verified'>

/** All that one bot has open, put together from its settings. */
export class Desk {
  readonly store: Store
  readonly turns: Turns
  readonly webhooks: Webhooks
  readonly attachments: Attachments
  readonly inbox: Inbox
  /** Reads what elements of a push name. */
  readonly openFile: OpenFile
  readonly #closing = new AbortController()

  constructor(ctx: Context, readonly config: Config, readonly logger: Logger, readonly clock: Clock, hooks: Hooks) {
    const notices = createNotices(ctx)
    const transport = config.proxy
      ? throughProxy(parseProxy(config.proxy), this.#closing.signal)
      : throughKoishi(ctx.http)
    const post = createPost(transport)
    const cards = config.streamStyle === 'stream_with_template_card'
    const keys = credentials(config)
    this.store = config.storage === 'database' ? new DatabaseStore(ctx, config.retention) : new MemoryStore(clock)
    this.webhooks = new Webhooks(config, post, clock)
    this.openFile = createFiles({
      http: ctx.http,
      limit: PUSH_FILE_LIMIT,
      trusted: config.trustedHosts,
      clock,
      signal: this.#closing.signal,
      warn: reason => logger.warn('a file of a message is sent as a link or not at all: %s', reason),
    })
    // What the process before this one could not send any more.
    if (config.storage === 'database') ctx.inject(['database'], () => void this.#resume(logger))
    this.turns = new Turns({
      streaming: config.replyMode === 'passive_stream',
      cards,
      placeholder: config.placeholder,
      window: config.streamWindow,
      unclaimed: config.unclaimed,
      retention: config.retention,
      lifetime: LIFETIME,
    }, notices, new Outlet(post, clock, notices, chatId => this.webhooks.of(chatId)), clock, {
      lost: (turn, error) => logger.warn('message %s: %s', turn.msgId, error instanceof Error ? error.message : error),
      hung: turn => logger.warn('message %s: still no end after %d minutes, given up', turn.msgId, LIFETIME / 60_000),
    }, new Load({ total: config.maxTurns, user: config.maxUserTurns, span: config.streamWindow }, clock))
    this.attachments = new Attachments(link => download(link, {
      keys: keys.map(({ key }) => key),
      limit: config.mediaLimit * (1 << 20),
      clock,
      trusted: config.trustedHosts,
      signal: this.#closing.signal,
    }), clock)
    this.inbox = new Inbox({
      ...hooks,
      credentials: keys,
      botId: config.botId || undefined,
      firstReply: config.firstReply,
      welcome: config.welcome,
      feedback: config.feedback,
      turns: this.turns,
      cards: new Cards({
        enabled: cards,
        buttons: config.cardButtons,
        title: () => notices.card,
        clicked: notices.clicked,
      }, this.store),
      store: this.store,
      notices,
      isTrusted: (url) => {
        if (isTrusted(url, config.apiEndpoint, config.trustedHosts)) return true
        logger.warn('response_url of an untrusted host is ignored; trustedHosts would have to name it')
        return false
      },
    })
  }

  /** Takes nothing new, and lets what is open come to an end. */
  async leave() {
    const end = this.clock.now() + this.config.drain
    this.inbox.leaving = true
    await this.turns.drain(this.config.drain)
    await this.webhooks.drain(end - this.clock.now())
    const { kept, lost } = await this.webhooks.leave(pushes => this.store.keep(pushes))
    if (kept) this.logger.info('%d unsent messages of webhooks are kept for the next start', kept)
    if (lost) this.logger.warn('%d unsent messages of webhooks are lost: %s', lost, this.config.storage === 'database'
      ? 'the database did not take them, or their webhook is in no setting'
      : 'with storage "database" they would be kept')
    await this.store.dispose()
  }

  /** How messages get to a chat that answer nothing. */
  pushTo(channelId: string): Push | undefined {
    const webhook = this.webhooks.of(channelId)
    return webhook && new WebhookPush(webhook)
  }

  async #resume(logger: Logger) {
    await this.webhooks.resume(targets => this.store.takeKept(targets), (error) => {
      if (error instanceof QyapiError && error.failure === 'deferred') return
      logger.warn('a message kept from before the start is lost: %s', (error as Error).message)
    })
  }

  dispose() {
    this.#closing.abort()
    this.turns.dispose()
    this.attachments.dispose()
    this.webhooks.dispose()
    void this.store.dispose()
  }
}

/** The credential in use, then the one it replaces, which stays valid while the console is being changed. */
function credentials(config: Config): Credential[] {
  const { token, encodingAESKey, receiveId, previousToken, previousEncodingAESKey } = config
  const list = [{ token, key: decodeKey(encodingAESKey), receiveId }]
  if (previousToken || previousEncodingAESKey) {
    list.push({ token: previousToken || token, key: decodeKey(previousEncodingAESKey || encodingAESKey), receiveId })
  }
  return list
}
