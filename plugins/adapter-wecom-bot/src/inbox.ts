import { Credential } from './crypto'
import { Cards, Clicked } from './cards'
import { Event, Message, Payload, Poll } from './payload'
import { Refusal } from './refusal'
import { cardUpdate, streamReply, textReply } from './reply'
import { Notices } from './stream'
import { Turn } from './turn'
import { Turns } from './turns'

/** What the HTTP response to a callback says. */
export interface Outcome {
  /** Plaintext of the reply; absent: an empty body, which WeCom takes for "nothing to say". */
  reply?: object
  /** The turn whose closing frame this is; whether it arrives decides what happens next. */
  closing?: Turn
}

/** `unreadable`: nothing in it that a plugin could read; `closed`: Koishi is starting or stopping. */
export type Dispatch = 'taken' | 'unreadable' | 'closed'

export interface InboxOptions {
  credential: Credential
  /** When set, callbacks for another bot are refused. */
  botId?: string
  /** How long a new message waits for an answer that is ready at once, in milliseconds. */
  firstReply: number
  turns: Turns
  cards: Cards
  /** Said when a person opens the single chat for the first time on a day; empty: nothing. */
  welcome?: string
  /** Whether readers are asked how they liked an answer. */
  feedback: boolean
  notices: Notices
  /** Whether a `response_url` may be posted to. */
  isTrusted(url: string): boolean
  /** Hands a message to Koishi, without waiting. */
  dispatch(message: Message, turn: Turn): Dispatch
  /** Hands an event to Koishi, without waiting. */
  notify(event: Event): void
  /** Hands a click to Koishi, without waiting. */
  click(event: Event, clicked: Clicked, turn: Turn): void
  /** Something properly signed has come in. */
  verified(): void
}

/** Takes the verified callbacks of one bot and says how to answer them. Knows neither HTTP nor Koishi. */
export class Inbox {
  constructor(readonly options: InboxOptions) {}

  get credential() {
    return this.options.credential
  }

  /** @throws {Refusal} `foreign-bot` */
  async accept(payload: Payload): Promise<Outcome> {
    const { botId, verified } = this.options
    if (botId && payload.botId !== botId) throw new Refusal('foreign-bot')
    verified()
    switch (payload.kind) {
      case 'poll':
        return this.#poll(payload)
      case 'message':
        return this.#message(payload)
      case 'event':
        return this.#event(payload)
      case 'unknown':
        return this.#say(payload.msgId, this.options.notices.unsupported)
    }
  }

  #poll(poll: Poll): Outcome {
    const turn = this.options.turns.ask(poll.streamId, poll)
    return turn ? this.#show(turn) : this.#say(poll.streamId, this.options.notices.forgotten)
  }

  async #message(message: Message): Promise<Outcome> {
    const { turns, firstReply, isTrusted, dispatch, notices } = this.options
    const known = turns.find(message.botId, message.msgId)
    if (known) return this.#show(known, true)
    const { responseUrl } = message
    const turn = turns.open(message, responseUrl && isTrusted(responseUrl) ? responseUrl : undefined)
    const dispatched = dispatch(message, turn)
    if (dispatched !== 'taken') {
      turns.drop(turn)
      return this.#say(turn.id, dispatched === 'closed' ? notices.forgotten : notices.unsupported)
    }
    await turns.settled(turn, firstReply)
    return this.#show(turn, true)
  }

  #event(event: Event): Outcome {
    const { turns, cards, welcome, notify, click, isTrusted } = this.options
    notify(event)
    if (event.type === 'enter-chat') return { reply: welcome ? textReply(welcome) : undefined }
    if (event.type !== 'card-click') return {}
    const { responseUrl } = event
    const clicked = cards.click(event.click)
    // The reply is the card; whatever is said to the click has to take the other ways out.
    click(event, clicked, turns.open(event, responseUrl && isTrusted(responseUrl) ? responseUrl : undefined, false))
    return { reply: clicked.card && cardUpdate(clicked.card) }
  }

  #show(turn: Turn, isFirst = false): Outcome {
    const { turns, cards, feedback } = this.options
    const frame = turns.frame(turn)
    if (!frame) return {}
    return {
      reply: streamReply(turn.id, frame, cards.attach(turn), isFirst && feedback ? turn.id : undefined),
      closing: frame.finish ? turn : undefined,
    }
  }

  #say(id: string, content: string): Outcome {
    return { reply: streamReply(id, { content, finish: true }) }
  }
}
