import type { Context, Session } from 'koishi'
import { describeError } from 'common/errors'
import type { Clock } from 'common/time'
import { DingtalkApi } from './api/api'
import type { App } from './api/app'
import { SessionWebhooks } from './api/session-webhooks'
import type { StockBot } from './api/stock-bot'
import { install } from './bot/install'
import type { Config } from './config'
import type { LoadedFile } from './delivery/media-sender'
import { Clicks } from './inbound/clicks'
import { askAgain } from './inbound/ask-again'
import { Inbound } from './inbound/inbound'
import type { IncomingMessage } from './inbound/message'
import { CardChats } from './storage/card-chats'
import type { OpenCardStore } from './storage/open-cards'
import type { UnansweredMessages } from './storage/unanswered-messages'
import { SentTexts } from './storage/recent-messages'
import { AccessToken } from './stream/access-token'
import { takeOverDialing } from './stream/dialing'
import { CARD_TOPIC, MESSAGE_TOPIC } from './stream/frames'
import { StreamConnection } from './stream/stream-connection'
import type { Callback } from './stream/stream-connection'
import { BotMessages } from './turn/bot-messages'
import { ReceivedSigns } from './turn/received-sign'
import type { TurnRegistry } from './turn/turn-registry'

/** For reading a file that a plugin sends. */
const FILE_TIMEOUT_MS = 30_000

/** What belongs to one bot. */
export interface Account {
  api: DingtalkApi
  connection: StreamConnection
  messages: BotMessages
  /** Takes a callback of either mode. */
  received(callback: Callback): Promise<object | null>
  /** Tells the chats whose messages were left unanswered. */
  askAgain(): ReturnType<typeof askAgain>
  uninstall(): void
  /** Closes the cards that were left open, while that goes on. */
  recovering?: Promise<void>
  /** Closes cards that another instance may write, and tells of lost answers, later. */
  recoveryTimer?: unknown
  /** When the timer fires, by the monotonic clock. */
  recoveryAt?: number
  /** How many times in a row something had to stay as it was left. */
  failedRecoveries?: number
}

export interface AccountOptions {
  app: App
  clock: Clock
  /** The settings of the app. */
  config: Config
  ctx: Context
  random: () => number
  store: OpenCardStore
  unanswered: UnansweredMessages
  turns: TurnRegistry
  /** Called when an answer was lost on its way. */
  lost(): void
  /** Called when a card could not be closed, but may be later. */
  leftOpen(): void
  warn(text: string): void
}

/** Gives a bot of the stock adapter what it lacks. */
export function createAccount(bot: StockBot, options: AccountOptions): Account {
  const { app, clock, config, ctx, turns, unanswered, warn } = options
  const token = new AccessToken(bot, { clock, warn })
  const api = new DingtalkApi(bot, app, { ...options, renewToken: () => token.renewAfterwards() })
  const webhooks = new SessionWebhooks(clock, originOf(bot))
  const sent = new SentTexts(clock)
  const chats = new CardChats()
  const messages = new BotMessages({
    ...options, api, chats, sent, webhooks,
    load: src => load(bot, src),
    recall: (channelId, key) => deleteMessage(bot, channelId, key),
    warn: error => warn(`DingTalk: a message could not be delivered: ${describeError(error)}`),
  })
  const name = ctx.root.i18n.text([], ['dingtalk-companion.reaction'], {})
  const isNeedless = () => messages.canOpenCard && !config.reactionWithCards
  const signs = new ReceivedSigns({ api, clock, name, isNeedless })

  // `off` is the mode that spends the fewest calls.
  const hasSigns = config.reaction && config.streaming !== 'off'

  /** Opens the turn of a message before anything can answer it. */
  function open(session: Session, { conversationId, id: msgId, isDirect, sender }: IncomingMessage) {
    const { name, staffId } = sender
    const asker = config.mentionAsker && !isDirect && staffId ? { id: staffId, name } : undefined
    const turn = turns.open(session.id, { asker })
    const endSign = hasSigns ? signs.begin({ msgId, conversationId }, turn) : undefined
    const { recorded, end, leave } = unanswered.add(bot.selfId, msgId, session.channelId!)
    turn.heard = end
    turn.lost = () => {
      leave()
      options.lost()
    }
    turn.ended = () => {
      endSign?.()
      end()
    }
    return recorded
  }

  const inbound = new Inbound({ bot, api, clock, webhooks, sent, warn, opened: open })
  const clicks = new Clicks({ ctx, bot, chats, clock, stopText: config.stopText })

  /** Takes a callback of DingTalk. @returns what to respond */
  async function received({ topic, data }: Callback): Promise<object | null> {
    app.messages.spend()
    if (topic === CARD_TOPIC) return clicks.receive(data)
    if (topic === MESSAGE_TOPIC) await inbound.receive(data)
    return null
  }

  const undo = [
    install(bot, { messages, turnOf: sessionId => turns.get(sessionId), warn }),
    token.install(),
    takeOverDialing(bot, { clock, spend: calls => app.quota.spend(calls), warn }),
  ]
  const silence = bot.config.protocol === 'ws' ? config.silence : 0
  return {
    api,
    messages,
    received,
    askAgain: () => askAgain({
      bot, unanswered, warn,
      text: count => ctx.root.i18n.text([], ['dingtalk-companion.unanswered'], { count }).trim(),
    }),
    connection: new StreamConnection(bot, { clock, received, silence, warn }),
    uninstall: () => undo.forEach(callback => callback()),
  }
}

async function load(bot: StockBot, src: string): Promise<LoadedFile> {
  const { data, filename: name, type } = await bot.ctx.http.file(src, { timeout: FILE_TIMEOUT_MS })
  return { data: data as ArrayBuffer, name, type }
}

/** The adapter's own way to take back a message, which `install` hides. */
function deleteMessage(bot: StockBot, channelId: string, key: string): Promise<void> {
  return (bot.constructor as unknown as { prototype: StockBot }).prototype.deleteMessage.call(bot, channelId, key)
}

/** Where replies by webhook go. */
function originOf({ config: { oldApi } }: StockBot): string {
  return new URL(oldApi?.endpoint || 'https://oapi.dingtalk.com/').origin
}
