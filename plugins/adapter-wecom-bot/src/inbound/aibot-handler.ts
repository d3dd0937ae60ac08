import type { Credential } from '../protocol/crypto'
import type { ClickResult, StreamCards } from '../turn/stream-cards'
import { inputOf } from '../cards/buttons'
import type { PassiveHandler } from './passive-handler'
import type { Event, Message, Payload, Poll } from '../protocol/payload'
import { CallbackError } from '../protocol/callback-error'
import { RecentlySeen } from '../util/recently-seen'
import type { Reply } from '../protocol/reply'
import { MAX_STREAM_BYTES } from '../protocol/limits'
import { cardReply, cardUpdateReply, streamReply, textReply } from '../protocol/reply'
import { cut } from '../render/split'
import type { Notices } from '../turn/bubble'
import type { Stores } from '../storage/stores'
import type { Turn } from '../turn/turn'
import type { Owner } from '../protocol/conversation'
import { owns } from '../protocol/conversation'
import type { TurnRegistry } from '../turn/turn-registry'

/** What the HTTP response to a callback says. */
export interface Outcome {
  /** Plaintext of the reply; absent: an empty body, which WeCom takes for "nothing to say". */
  reply?: Reply
  /** The turn whose closing frame this is; whether it arrives decides what happens next. */
  closing?: Turn
  /** Nothing came of the message but this reply: should that be lost, a copy of it is as good as the first. */
  isUntaken?: boolean
  /** Called once the reply has reached the platform. */
  sent?(): void
}

/** `unreadable`: nothing in it that a plugin could read; `closed`: Koishi is starting or stopping. */
export type DispatchResult = 'taken' | 'unreadable' | 'closed'

export interface AibotHandlerOptions {
  /** The current one first; older ones are accepted while they are being replaced. */
  credentials: Credential[]
  /** How far a callback's timestamp may be from now, in milliseconds. */
  freshness: number
  /** When set, callbacks for another bot are refused. */
  botId?: string
  /** Takes what does not come from an intelligent bot. */
  passive?: PassiveHandler
  /** How long a new message waits for an answer that is ready at once, in milliseconds. */
  firstReply: number
  turns: TurnRegistry
  cards: StreamCards
  stores: Pick<Stores, 'streams' | 'feedback'>
  /** Said when a person opens the single chat for the first time on a day; empty: nothing. */
  welcome?: string
  /** Whether readers are asked how they liked an answer. */
  feedback: boolean
  notices: Notices
  /** Whether a `response_url` may be posted to. */
  isTrusted(url: string): boolean
  /** Hands a message to Koishi, without waiting. */
  dispatch(message: Message, turn: Turn): DispatchResult
  /** Hands an event to Koishi, without waiting. */
  notify(event: Event): void
  /** Hands a click to Koishi, without waiting. */
  click(event: Event, clicked: ClickResult, turn: Turn): void
  /** Something properly signed has come in. */
  verified(): void
}

/** Takes the verified callbacks of one bot and says how to answer them. Knows neither HTTP nor Koishi. */
export class AibotHandler {
  /** Events that plugins have been told of. WeCom repeats one that it has seen no reply to. */
  private readonly events: RecentlySeen

  constructor(readonly options: AibotHandlerOptions) {
    this.events = new RecentlySeen(options.turns.clock, 2 * options.freshness)
  }

  /** The process is about to end: nothing new is begun. */
  leaving = false

  get credentials() {
    return this.options.credentials
  }

  /**
   * @param replayed this very callback has come before
   * @throws {CallbackError} `foreign-bot`; `replay` where it has been answered and forgotten
   */
  accept(payload: Payload, replayed = false): Outcome | Promise<Outcome> {
    const { botId, verified, passive } = this.options
    if (payload.source && passive) return passive.accept(payload, replayed)
    if (botId && payload.botId !== botId) throw new CallbackError('foreign-bot')
    verified()
    switch (payload.kind) {
      case 'poll':
        return this.poll(payload)
      case 'message':
        return this.repeat(payload) ?? this.message(payload, replayed)
      case 'event':
        return this.event(payload, replayed)
      case 'unknown':
        return this.say(payload.msgId, this.options.notices.unsupported)
    }
  }

  private poll(poll: Poll): Outcome | Promise<Outcome> {
    const turn = this.options.turns.ask(poll.streamId, poll)
    return turn ? this.show(turn, poll.msgId) : this.recall(poll.streamId, poll)
  }

  /** What a message that is being answered already is told. */
  private repeat({ botId, msgId }: Message): Outcome | undefined {
    const turn = this.options.turns.find(botId, msgId)
    return turn && this.show(turn, msgId, true)
  }

  private async message(message: Message, replayed: boolean): Promise<Outcome> {
    const { turns, stores, firstReply, isTrusted, dispatch, notices } = this.options
    const { msgId, botId, userId, chatId } = message
    const reason = this.reason(userId)
    if (reason) return this.decline(msgId, reason)
    const { responseUrl } = message
    const turn = turns.open(message, responseUrl && isTrusted(responseUrl) ? responseUrl : undefined)
    const owner = { botId, userId, chatId }
    const streamId = await stores.streams.claim({ streamId: turn.id, msgId, owner, content: '', finished: false })
    if (streamId !== turn.id) {
      turns.drop(turn)
      return this.recall(streamId, owner)
    }
    if (replayed) {
      turns.drop(turn)
      throw new CallbackError('replay')
    }
    const dispatched = dispatch(message, turn)
    if (dispatched !== 'taken') {
      turns.drop(turn)
      return this.decline(turn.id, dispatched === 'closed' ? notices.forgotten : notices.unsupported)
    }
    await turns.settled(turn, firstReply)
    return this.show(turn, msgId, true)
  }

  /** Why nothing more is begun for a person now. */
  private reason(userId: string): string | undefined {
    const { turns, notices } = this.options
    return this.leaving ? notices.leaving : turns.load.isFull(userId) ? notices.busy : undefined
  }

  /** What another process, or this one before it was killed, had to say. */
  private async recall(streamId: string, asker: Owner): Promise<Outcome> {
    const { stores, notices } = this.options
    const stream = await stores.streams.find(streamId)
    if (!stream || !owns(stream.owner, asker)) return this.say(streamId, notices.forgotten)
    const { content, finished } = stream
    if (finished && content) return this.say(streamId, content)
    const [head] = cut(content, MAX_STREAM_BYTES - Buffer.byteLength(notices.interrupted) - 2)
    return this.say(streamId, [head, notices.interrupted].filter(Boolean).join('\n\n'))
  }

  private async event(event: Event, replayed: boolean): Promise<Outcome> {
    const { turns, cards, stores, notify, click, isTrusted } = this.options
    const { type, botId, msgId, userId } = event
    const isKnown = this.events.seen([botId, type, userId, msgId].join('/')) || replayed
    if (event.type === 'feedback' && !isKnown) {
      const { id, ...opinion } = event.feedback
      await stores.feedback.save(id, { ...opinion, userId, time: Date.now() })
    }
    if (!isKnown) notify(event)
    if (event.type === 'enter-chat') return this.greet()
    if (event.type !== 'card-click') return {}
    const { responseUrl } = event
    // The reply is the card; whatever is said to the click has to take the other ways out.
    const once = responseUrl && isTrusted(responseUrl) ? responseUrl : undefined
    const reason = inputOf(event.click) === undefined ? undefined : this.reason(userId)
    if (reason) {
      // The card stays as it is, and may be clicked again.
      const turn = turns.open(event, once, false)
      void turns.say(turn, { text: reason }).finally(() => turn.chainEnded())
      return {}
    }
    const clicked = await cards.click(event.click, userId)
    const { card, userIds, isRepeated } = clicked
    if (!isKnown && !isRepeated) click(event, clicked, turns.open(event, once, false))
    return { reply: card && cardUpdateReply(card, userIds) }
  }

  private greet(): Outcome {
    const { welcome, cards } = this.options
    if (!welcome) return {}
    const card = cards.greet(welcome)
    return { reply: card ? cardReply(card) : textReply(welcome) }
  }

  private show(turn: Turn, callback: string, isFirst = false): Outcome {
    const { turns, cards, stores, feedback } = this.options
    const frame = turns.frame(turn)
    if (!frame) return {}
    if (turn.shown !== frame) {
      turn.shown = frame
      const { id: streamId, msgId, owner } = turn
      stores.streams.save({ streamId, msgId, owner, content: frame.content, finished: frame.finish })
    }
    const card = cards.attach(turn, callback)
    return {
      reply: streamReply(turn.id, frame, card, isFirst && feedback ? turn.id : undefined),
      closing: frame.finish ? turn : undefined,
      sent: card && (() => cards.arrived(turn)),
    }
  }

  private say(id: string, content: string): Outcome {
    return { reply: streamReply(id, { content, finish: true }) }
  }

  private decline(id: string, content: string): Outcome {
    return { ...this.say(id, content), isUntaken: true }
  }
}
