import { inputOf } from '../cards/buttons'
import { CallbackError } from '../protocol/callback-error'
import type { Owner } from '../protocol/conversation'
import { owns } from '../protocol/conversation'
import { MAX_STREAM_BYTES } from '../protocol/limits'
import type { Event, Message, Payload, Poll } from '../protocol/payload'
import { cardUpdateReply, streamReply } from '../protocol/reply'
import { cut } from '../render/split'
import type { TurnController } from '../turn/turn-controller'
import type { Clock } from 'common/time'
import { RecentlySeen } from '../util/recently-seen'
import { claim } from './claim'
import type { CallbackHandler, HandlerContext, Outcome } from './types'
import { welcomeReply } from './welcome'

export interface AibotHandlerOptions extends HandlerContext {
  /** When set, callbacks for other bots are refused. */
  botId?: string
  /** How far a callback's timestamp may be from now. Milliseconds. */
  freshness: number
  /** How long a reply waits for an answer that is ready at once. Milliseconds. */
  firstReply: number
  /** Whether the platform shows rating buttons below answers. */
  feedback: boolean
  clock: Clock
  /** Whether a `response_url` may be posted to. */
  isTrusted(url: string): boolean
}

/**
 * Handles the callbacks of an intelligent bot (智能机器人): messages, polls of streams, and events.
 * @see https://developer.work.weixin.qq.com/document/path/100719
 */
export class AibotHandler implements CallbackHandler {
  /** Events that plugins have received. WeCom repeats an event until it receives a reply. */
  private readonly events: RecentlySeen

  constructor(private readonly options: AibotHandlerOptions) {
    this.events = new RecentlySeen(options.clock, 2 * options.freshness)
  }

  accept(payload: Payload, isReplayed = false): Outcome | Promise<Outcome> {
    const { botId, dispatcher, notices } = this.options
    if (botId && payload.botId !== botId) throw new CallbackError('foreign-bot')
    dispatcher.verified('aibot')
    switch (payload.kind) {
      case 'poll':
        return this.poll(payload)
      case 'message':
        return this.repeated(payload) ?? this.message(payload, isReplayed)
      case 'event':
        return this.event(payload, isReplayed)
      case 'unknown':
        return reply(payload.msgId, notices.unsupported)
      default:
        return payload satisfies never
    }
  }

  private poll(poll: Poll): Outcome | Promise<Outcome> {
    const turn = this.options.turns.find(poll.streamId, poll)
    return turn ? this.show(turn, poll.msgId) : this.recall(poll.streamId, poll)
  }

  private repeated({ botId, msgId }: Message): Outcome | undefined {
    const turn = this.options.turns.findByMessage(botId, msgId)
    return turn && this.show(turn, msgId, true)
  }

  private async message(message: Message, isReplayed: boolean): Promise<Outcome> {
    const { turns, admission, stores, firstReply, dispatcher, notices } = this.options
    const { msgId, userId } = message
    const refusal = admission.refusal(userId)
    if (refusal) return decline(msgId, refusal)
    const turn = turns.open(message, { responseUrl: this.trustedUrl(message) })
    const answeredIn = await claim(turn, stores.streams, isReplayed)
    if (answeredIn) return this.recall(answeredIn, turn.owner)
    const result = dispatcher.dispatch(message, turn)
    if (result !== 'taken') {
      turn.forget()
      return decline(turn.id, result === 'closed' ? notices.forgotten : notices.unsupported)
    }
    await turn.whenEnded(firstReply)
    return this.show(turn, msgId, true)
  }

  /** The stream of another process, or of this one before it was restarted. */
  private async recall(streamId: string, asker: Owner): Promise<Outcome> {
    const { stores, notices } = this.options
    const stream = await stores.streams.find(streamId)
    if (!stream || !owns(stream.owner, asker)) return reply(streamId, notices.forgotten)
    const { content, finished } = stream
    if (finished && content) return reply(streamId, content)
    const [head] = cut(content, MAX_STREAM_BYTES - Buffer.byteLength(notices.interrupted) - 2)
    return reply(streamId, [head, notices.interrupted].filter(Boolean).join('\n\n'))
  }

  private async event(event: Event, isReplayed: boolean): Promise<Outcome> {
    const { clock, stores, dispatcher, welcome } = this.options
    const { type, botId, msgId, userId } = event
    const isKnown = this.events.seen([botId, type, userId, msgId].join('/')) || isReplayed
    if (event.type === 'feedback' && !isKnown) {
      const { id, ...feedback } = event.feedback
      await stores.feedback.save(id, { ...feedback, userId, time: clock.now() })
    }
    if (!isKnown) dispatcher.notify(event)
    switch (event.type) {
      case 'enter-chat':
        return { reply: welcomeReply(welcome, stores.cards) }
      case 'card-click':
        return this.click(event, isKnown)
      case 'feedback':
      case 'unknown':
        return {}
      default:
        return event satisfies never
    }
  }

  /** The reply updates the card; messages sent on the click need `response_url` or a webhook. */
  private async click(event: Event & { type: 'card-click' }, isKnown: boolean): Promise<Outcome> {
    const { turns, admission, cards, dispatcher } = this.options
    const { click, userId } = event
    const options = { responseUrl: this.trustedUrl(event), streaming: false }
    const refusal = inputOf(click) === undefined ? undefined : admission.refusal(userId)
    if (refusal) {
      // The card does not change, so that it can be clicked again.
      const turn = turns.open(event, options)
      void turn.say({ text: refusal }).finally(() => turn.endChain())
      return {}
    }
    const result = await cards.click(click, userId)
    const { card, userIds, isRepeated } = result
    if (!isKnown && !isRepeated) dispatcher.click(event, result, turns.open(event, options))
    return { reply: card && cardUpdateReply(card, userIds) }
  }

  /** @param msgId the callback that is replied to */
  private show(turn: TurnController, msgId: string, isFirst = false): Outcome {
    const { cards, feedback } = this.options
    const frame = turn.frame()
    if (!frame) return {}
    const card = cards.attach(turn, msgId)
    const outcome: Outcome = { reply: streamReply(turn.id, frame, card, isFirst && feedback ? turn.id : undefined) }
    if (!frame.finish && !card) return outcome
    return {
      ...outcome,
      responded: (isDelivered) => {
        if (frame.finish) turn.confirmFinalFrame(isDelivered)
        if (card && isDelivered) cards.confirm(turn)
      },
    }
  }

  private trustedUrl({ responseUrl }: Message | Event): string | undefined {
    return responseUrl && this.options.isTrusted(responseUrl) ? responseUrl : undefined
  }
}

function reply(id: string, content: string): Outcome {
  return { reply: streamReply(id, { content, finish: true }) }
}

function decline(id: string, content: string): Outcome {
  return { ...reply(id, content), isDeclined: true }
}
