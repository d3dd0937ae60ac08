import { Context, Logger } from 'koishi'
import { isTrusted } from './address'
import { Attachments } from './attachments'
import { Cards } from './cards'
import { Clock } from './clock'
import { Config } from './config'
import { Credential, decodeKey } from './crypto'
import { DatabaseStore } from './database'
import { Inbox, InboxOptions } from './inbox'
import { Load } from './load'
import { download } from './media'
import { createNotices } from './notices'
import { Outlet } from './outlet'
import { MemoryStore, Store } from './store'
import { Turns } from './turns'
import { Webhooks } from './webhooks'

/** After so long a turn that has not ended is given up; its `response_url` is about to expire. Milliseconds. */
const LIFETIME = 55 * 60_000

/** What the desk hands to Koishi. */
export type Hooks = Pick<InboxOptions, 'dispatch' | 'notify' | 'click' | 'verified'>

/** All that one bot has open, put together from its settings. */
export class Desk {
  readonly store: Store
  readonly turns: Turns
  readonly webhooks: Webhooks
  readonly attachments: Attachments
  readonly inbox: Inbox
  readonly #closing = new AbortController()

  constructor(ctx: Context, readonly config: Config, logger: Logger, clock: Clock, hooks: Hooks) {
    const notices = createNotices(ctx)
    const post = (url: string, body: object) => ctx.http.post(url, body, {
      timeout: 10_000,
      redirect: 'error',
      responseType: 'json',
    })
    const cards = config.streamStyle === 'stream_with_template_card'
    const keys = credentials(config)
    this.store = config.storage === 'database' ? new DatabaseStore(ctx, config.retention) : new MemoryStore(clock)
    this.webhooks = new Webhooks(config, post, clock)
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
    this.inbox.leaving = true
    await this.turns.drain(this.config.drain)
    await this.store.dispose()
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
