import { Bot, Context, Universal, h } from 'koishi'
import { isTrusted } from './address'
import { WecomAdapter } from './adapter'
import { Cards, Clicked } from './cards'
import { Attachments } from './attachments'
import { clock } from './clock'
import { Config } from './config'
import { decodeKey } from './crypto'
import { Referrer, addressOf, channelOf, decode } from './decode'
import { Dispatch, Inbox } from './inbox'
import { render } from './markdown'
import { WecomMessageEncoder } from './message'
import { createNotices } from './notices'
import { DeliveryError, Outlet } from './outlet'
import { Media, MediaError, download } from './media'
import { Event, MediaLink, Message } from './payload'
import { Said, Turn } from './turn'
import { Turns } from './turns'
import { Webhooks } from './webhooks'

/** Everything there is to configure is in `Config`; one bot has one Token and one EncodingAESKey. */
export class WecomBot<C extends Context = Context> extends Bot<C, Config> {
  static Config = Config
  static inject = ['server', 'http']
  static override MessageEncoder = WecomMessageEncoder

  // Koishi hands bots out behind proxies, which `#private` members do not survive.

  /** Milliseconds that edits of one message should be apart: they only rewrite what the next poll shows. */
  readonly editInterval = 0
  /** Markdown may be sent as it is, in an element `markdown`. */
  readonly markdown = true
  readonly turns: Turns
  readonly inbox: Inbox
  readonly webhooks: Webhooks
  readonly cards: Cards
  readonly attachments: Attachments

  constructor(ctx: C, config: Config) {
    super(ctx, admit(ctx, config), 'wecom-bot')
    this.selfId = config.botId || 'wecom-bot'
    const notices = createNotices(ctx)
    const post = (url: string, body: object) => ctx.http.post(url, body, {
      timeout: 10_000,
      redirect: 'error',
      responseType: 'json',
    })
    this.webhooks = new Webhooks(config, post, clock)
    const outlet = new Outlet(post, clock, notices, chatId => this.webhooks.of(chatId))
    this.turns = new Turns({
      streaming: config.replyMode === 'passive_stream',
      cards: config.streamStyle === 'stream_with_template_card',
      placeholder: config.placeholder,
      window: config.streamWindow,
      unclaimed: config.unclaimed,
      retention: config.retention,
      lifetime: 55 * 60_000,
    }, notices, outlet, clock, {
      lost: (turn, error) => this.logger.warn('message %s: %s', turn.msgId, error instanceof Error ? error.message : error),
      hung: turn => this.logger.warn('message %s: still no end after 55 minutes, given up', turn.msgId),
    })
    const key = decodeKey(config.encodingAESKey)
    const closing = new AbortController()
    this.attachments = new Attachments(link => download(link, {
      key,
      limit: config.mediaLimit * (1 << 20),
      clock,
      trusted: config.trustedHosts,
      signal: closing.signal,
    }), clock)
    this.defineInternalRoute('/media/:id', async ({ params }) => {
      try {
        return respond(await this.attachments.open(params.id))
      } catch (error) {
        if (!(error instanceof MediaError)) throw error
        this.logger.warn('attachment not available: %s', error.message)
        return { status: 502 }
      }
    })
    this.cards = new Cards({
      enabled: config.streamStyle === 'stream_with_template_card',
      buttons: config.cardButtons,
      title: () => notices.card,
      clicked: notices.clicked,
    }, clock)
    this.inbox = new Inbox({
      credential: { token: config.token, key, receiveId: config.receiveId },
      botId: config.botId || undefined,
      firstReply: config.firstReply,
      welcome: config.welcome,
      feedback: config.feedback,
      cards: this.cards,
      turns: this.turns,
      notices,
      isTrusted: url => this.mayRespond(url),
      dispatch: (message, turn) => this.receive(message, turn),
      notify: event => this.announce(event),
      click: (event, clicked, turn) => this.click(event, clicked, turn),
      verified: () => this.arrive(),
    })
    ctx.plugin(WecomAdapter, this)
    ctx.on('dispose', () => {
      closing.abort()
      this.turns.dispose()
      this.attachments.dispose()
      this.webhooks.dispose()
    })
  }

  override async createMessage(
    channelId: string,
    content: h.Fragment,
    referrer?: Referrer,
    options?: Universal.SendOptions,
  ) {
    // While a message is on its way its turn must not end, even where nobody waits for it.
    const turn = this.turnOf(referrer, options)
    turn?.sending()
    try {
      return await super.createMessage(channelId, content, referrer, options)
    } finally {
      turn?.sent()
    }
  }

  /** Rewrites a message in the stream it belongs to. */
  override async editMessage(channelId: string, messageId: string, content: h.Fragment) {
    const said = await this.renderEdit(content)
    const turn = this.turns.get(Turn.idOf(messageId))
    if (!turn || !this.turns.rewrite(turn, messageId, said)) throw closed(messageId, said.text.length)
  }

  /** Takes a message out of the stream it belongs to. */
  override async deleteMessage(channelId: string, messageId: string) {
    const turn = this.turns.get(Turn.idOf(messageId))
    if (!turn || !this.turns.retract(turn, messageId)) throw closed(messageId, 0)
  }

  override async createDirectChannel(userId: string) {
    return { id: channelOf({ userId }), type: Universal.Channel.Type.DIRECT }
  }

  /**
   * Brings a rendered message on its way: into its turn, or to the chat's webhook.
   * @returns its id, where it can still be edited
   * @throws {DeliveryError}
   */
  async deliver(channelId: string, said: Said, referrer?: Referrer): Promise<string | undefined> {
    const turn = referrer && this.turns.get(referrer.turn)
    if (turn) return this.turns.say(turn, said)
    const webhook = this.webhooks.of(channelId)
    if (webhook) return webhook.push(said.text)
    // Some plugins answer without the session they answer: then the chat tells whom it is for.
    const open = referrer ? undefined : this.turns.latest(owner => channelOf(owner) === channelId)
    if (open) return this.turns.say(open, said)
    throw new DeliveryError('no-way', said.text.length, `nothing leads to ${channelId}: no message of it is being answered, `
      + 'and no webhook is configured for it')
  }

  private turnOf(referrer?: Referrer, options?: Universal.SendOptions) {
    const id = referrer?.turn ?? options?.session?.event.referrer?.turn
    return id && this.turns.get(id)
  }

  private async renderEdit(content: h.Fragment): Promise<Said> {
    const elements = h.normalize(content)
    // A growing answer is edited with every chunk; Markdown has no components in it that would have to be run.
    if (elements.every(element => element.type === 'markdown' || element.type === 'text')) return render(elements)
    return render(await this.session({ type: 'send' }).transform(elements))
  }

  private receive(message: Message, turn: Turn): Dispatch {
    if (!this.ctx.lifecycle.isActive) return 'closed'
    this.webhooks.saw(message.chatId)
    const event = decode(message, turn.id, this.selfId, this.config.name, this.attach)
    if (!event) return 'unreadable'
    const session = this.session(event)
    const { responseUrl, ...payload } = message
    // Not through `setInternal`, which would hand the links in it to every client of a Satori server.
    Object.defineProperty(session, 'wecomBot', { value: payload, configurable: true })
    this.dispatch(session)
    return 'taken'
  }

  private attach = (link: MediaLink) => this.getInternalUrl(`/media/${this.attachments.add(link)}`)

  /** A click on a card: an interaction, and where the button says something, a message of whoever clicked. */
  private click(event: Event, { id, input }: Clicked, turn: Turn) {
    const address = addressOf(event, turn.id)
    this.dispatch(this.session({ ...address, type: 'interaction/button', button: { id } }))
    if (!input) return turn.chainEnded()
    const elements = event.chatId ? [h.at(this.selfId), h.text(input)] : [h.text(input)]
    this.dispatch(this.session({ ...address, type: 'message', message: { id: event.msgId, elements } }))
  }

  private announce({ responseUrl, ...event }: Event) {
    const name = event.type === 'unknown' ? event.name : event.type
    this.dispatch(this.session({ type: 'internal', _type: `wecom-bot/${name}`, _data: event }))
  }

  /** Only a callback that verifies proves that the console's three fields are right. */
  private arrive() {
    if (this.status === Universal.Status.ONLINE) return
    this.logger.info('first verified callback: WeCom reaches this bot')
    this.online()
  }

  private mayRespond(url: string): boolean {
    const { apiEndpoint, trustedHosts } = this.config
    if (isTrusted(url, apiEndpoint, trustedHosts)) return true
    this.logger.warn('response_url of an untrusted host is ignored; trustedHosts would have to name it')
    return false
  }
}

/** Refuses what would leave two bots with the same address or the same identity. */
function admit(ctx: Context, config: Config): Config {
  for (const bot of ctx.bots) {
    if (!(bot instanceof WecomBot)) continue
    if (bot.config.path === config.path && bot.config.token === config.token) {
      throw new Error(`two bots on ${config.path} have the same token: give each its own path or token`)
    }
    if ((bot.config.botId || '') === (config.botId || '')) {
      throw new Error('more than one bot: set botId for each, so that their conversations stay apart')
    }
  }
  return config
}

/** The file as an internal route hands it to `ctx.http.file`. */
function respond(media?: Media): Universal.Response {
  if (!media) return { status: 404 }
  const headers = new Headers({ 'content-type': media.type })
  if (media.name) headers.set('content-disposition', `attachment; filename=${encodeURIComponent(media.name)}`)
  const { buffer, byteOffset, byteLength } = media.data
  return { status: 200, headers, body: buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer }
}

function closed(messageId: string, size: number) {
  return new DeliveryError('no-way', size, `message ${messageId} can no longer be changed: its stream is closed`)
}
