import { Universal } from 'koishi'
import type { Session } from 'koishi'
import { ExpiringMap, LruMap } from 'common/collections'
import { withTimeout } from 'common/async'
import { describeError } from 'common/errors'
import type { Clock } from 'common/time'
import type { DingtalkApi } from '../api/api'
import type { SessionWebhooks } from '../api/session-webhooks'
import type { StockBot } from '../api/stock-bot'
import type { SentTexts } from '../storage/recent-messages'
import { decode } from './decode'
import type { IncomingMessage, Quote } from './message'
import type { Part } from './parts'
import { readBody, readMessage } from './read-message'

/** DingTalk delivers again what is not acknowledged; some report that it does so after 16 s already. */
const DECODE_LIMIT_MS = 10_000

/** For storing that a message is being answered. */
const RECORD_LIMIT_MS = 1000

const MAX_KNOWN_MESSAGES = 1000

/** DingTalk delivers a message again within seconds; after this it is a new one. */
const HANDLED_LIFETIME_MS = 600_000
const MAX_HANDLED_MESSAGES = 10_000

export interface InboundOptions {
  bot: StockBot
  api: DingtalkApi
  clock: Clock
  webhooks: SessionWebhooks
  sent: SentTexts
  /**
   * Called for each session before it is dispatched.
   * @returns when the message is recorded: it may be acknowledged then
   */
  opened(session: Session, message: IncomingMessage): Promise<void>
  warn(text: string): void
}

/** Makes Koishi's sessions of the messages to one robot, in place of the stock adapter, which drops many of them. */
export class Inbound {
  /** The parts of earlier messages by id, for those that quote them. */
  private readonly known = new LruMap<string, Part[]>({ capacity: MAX_KNOWN_MESSAGES })
  /** Ids of the messages that are being decoded. */
  private readonly pending = new Set<string>()
  /** Those that were dispatched: what is delivered again goes to no plugin. */
  private readonly handled: ExpiringMap<true>

  constructor(private readonly options: InboundOptions) {
    this.handled = new ExpiringMap(options.clock, HANDLED_LIFETIME_MS, MAX_HANDLED_MESSAGES)
  }

  /**
   * Dispatches the session of a message. Where that fails, the person is told.
   * @param data of the callback
   * @returns when that has happened
   * @throws {DingtalkError} where neither a session came of the message, nor the person could be told
   */
  async receive(data: unknown): Promise<void> {
    const { warn } = this.options
    const message = readMessage(data)
    if (!message) return warn('DingTalk: a message without id, type or sender was ignored')
    if (this.pending.has(message.id) || this.handled.get(message.id)) return
    this.pending.add(message.id)
    try {
      await this.dispatch(message, data)
    } catch (error) {
      warn(`DingTalk: a message of type ${message.type} could not be read: ${describeError(error)}`)
      await this.tell(message, 'unreadable')
      this.handled.set(message.id, true)
    } finally {
      this.pending.delete(message.id)
    }
  }

  private async dispatch(message: IncomingMessage, data: unknown) {
    const { api, bot, clock, opened, webhooks } = this.options
    const session = this.sessionOf(message)
    session.setInternal('dingtalk', data as object)
    if (message.webhook) webhooks.set(session.channelId!, message.webhook)
    const body = readBody(message, data, bot.user?.name)
    const deadline = clock.monotonic() + DECODE_LIMIT_MS
    const { elements, quote, missing } = await decode(message, body, {
      selfId: bot.selfId,
      download: code => withTimeout(api.downloadUrl(code), deadline - clock.monotonic(), clock, () => {
        throw new Error('DingTalk does not give out the file')
      }),
      recall: id => this.known.get(id),
      sentText: quoted => this.sentText(session.channelId!, quoted),
    })
    this.known.set(message.id, body.parts)
    session.elements = elements
    session.content = elements.join('')
    if (quote) session.quote = quote
    const isEmpty = elements.every(({ type }) => type === 'at')
    if (missing) {
      const told = this.tell(message, isEmpty ? 'lost' : 'missing', { count: missing })
      if (isEmpty) {
        await told
        return void this.handled.set(message.id, true)
      }
      told.catch(() => {})
    }
    this.handled.set(message.id, true)
    const recorded = opened(session, message)
    bot.dispatch(session)
    // A database that does not answer must not keep the message from being acknowledged.
    await withTimeout(recorded, RECORD_LIMIT_MS, clock, () => {})
  }

  private sentText(channelId: string, { isOwn, sentKey, time }: Quote): string | undefined {
    return isOwn ? this.options.sent.find(channelId, sentKey, time) : undefined
  }

  /** A session with all but its elements. Where the stock adapter makes one, its fields are the same. */
  private sessionOf(message: IncomingMessage): Session {
    const { conversationId, corpId, id, isDirect, sender, time, title } = message
    const session = this.options.bot.session({
      type: 'message',
      user: { id: sender.id, name: sender.name },
      member: { roles: sender.isAdmin ? [{ id: 'admin' }] : [] },
      guild: { id: corpId },
      channel: {
        id: isDirect ? sender.id : conversationId,
        type: isDirect ? Universal.Channel.Type.DIRECT : Universal.Channel.Type.TEXT,
        ...title && { name: title },
      },
      message: { id },
      timestamp: time || this.options.clock.now(),
    })
    return session as Session
  }

  /** Tells the person what happened to the message. @throws {DingtalkError} */
  private async tell(message: IncomingMessage, text: 'unreadable' | 'missing' | 'lost', params?: object) {
    const session = this.sessionOf(message)
    const words = session.text(`dingtalk-companion.${text}`, params)
    await this.options.bot.sendMessage(session.channelId!, words, undefined, { session })
  }
}
