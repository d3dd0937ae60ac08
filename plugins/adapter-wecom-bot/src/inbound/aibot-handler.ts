import { inputOf } from '../cards/buttons'
import { CallbackError } from '../protocol/callback-error'
import type { Owner } from '../protocol/conversation'
import { owns } from '../protocol/conversation'
import type { Event, Message, Payload, Poll } from '../protocol/payload'
import { cardUpdateReply, streamReply } from '../protocol/reply'
import { interrupted } from '../turn/interrupted'
import { TurnController } from '../turn/turn-controller'
import type { OpenOptions } from '../turn/turn-registry'
import { SingleFlight } from 'common/async'
import type { Clock } from 'common/time'
import { RecentlySeen } from '../util/recently-seen'
import { claim, claimEvent } from './claim'
import { DispatchQueue } from './dispatch-queue'
import type { ForeignTurns } from './foreign-turns'
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
  /** Set if other instances may answer messages of this bot. */
  foreignTurns?: ForeignTurns
  /** Whether a `response_url` may be posted to. */
  isTrusted(url: string): boolean
}

/** How answers reach the platform. Without a `screen` it polls for their frames. */
export type ReplyRoute = Pick<OpenOptions, 'screen' | 'override' | 'requestId'>

type CardClick = Event & { type: 'card-click' }

/** Where a message is answered: in a turn, in the stream of another process, or by a notice only. */
type Opened = { turn: TurnController } | { streamId: string } | { declined: Outcome }

/**
 * Handles the callbacks of an intelligent bot (智能机器人): messages, polls of streams, and events.
 * @see https://developer.work.weixin.qq.com/document/path/100719
 */
export class AibotHandler implements CallbackHandler {
  /** Events that plugins have received. WeCom repeats an event until it receives a reply. */
  private readonly events: RecentlySeen
  /** Messages that are being claimed. Their repetitions wait for the same stream. */
  private readonly openings = new SingleFlight<Opened>()
  private readonly dispatches: DispatchQueue

  constructor(private readonly options: AibotHandlerOptions) {
    this.dispatches = new DispatchQueue(options.clock)
    this.events = new RecentlySeen(options.clock, 2 * options.freshness)
  }

  /** @param route how answers reach the platform, if not as replies to callbacks and polls */
  accept(payload: Payload, isReplayed = false, route: ReplyRoute = {}): Outcome | Promise<Outcome> {
    const { botId, dispatcher, notices } = this.options
    if (botId && payload.botId !== botId) throw new CallbackError('foreign-bot')
    dispatcher.verified('aibot')
    switch (payload.kind) {
      case 'poll':
        return this.poll(payload)
      case 'message':
        return this.message(payload, isReplayed, route)
      case 'event':
        return this.event(payload, isReplayed, route)
      case 'unknown':
        return reply(payload.msgId, notices.unsupported)
      default:
        return payload satisfies never
    }
  }

  private poll(poll: Poll): Outcome | Promise<Outcome> {
    const { turns, foreignTurns } = this.options
    const turn = turns.find(poll.streamId, poll)
    const { streamId, msgId } = poll
    if (!turn) return this.recall(streamId, msgId, poll)
    if (!foreignTurns?.isDoubtful(streamId)) return this.show(turn, msgId)
    return foreignTurns.isOwn(streamId).then((isOwn) => {
      return isOwn ? this.show(turn, msgId) : this.recall(streamId, msgId, poll)
    })
  }

  private message(message: Message, isReplayed: boolean, route: ReplyRoute): Outcome | Promise<Outcome> {
    const { botId, msgId } = message
    const key = `${botId}/${msgId}`
    if (!this.openings.get(key)) {
      const turn = this.options.turns.findByMessage(botId, msgId)
      if (turn) return this.show(turn, msgId, true)
      this.dispatches.noteArrival()
    }
    const opening = this.openings.run(key, () => this.open(message, isReplayed, route))
    return opening.then(opened => this.firstReply(opened, message))
  }

  private async open(message: Message, isReplayed: boolean, route: ReplyRoute): Promise<Opened> {
    const { turns, admission, sharedLimits, stores, notices } = this.options
    const { msgId, userId } = message
    if (admission.isLeftToOthers && !route.requestId) return { declined: { isPassedOn: true } }
    const refusal = admission.refusal(userId)
    if (refusal) return { declined: decline(msgId, refusal) }
    const turn = turns.open(message, { responseUrl: this.trustedUrl(message), ...route })
    const streamId = await claim(turn, stores.streams, isReplayed)
    if (streamId) return { streamId }
    if (sharedLimits?.isActive && !await sharedLimits.enter(turn.id, userId)) {
      turn.forget()
      await stores.streams.unclaim?.(turn.turn.stored())
      return { declined: decline(msgId, notices.busy) }
    }
    let notice: string | undefined
    let isReplied = false
    this.dispatches.add(() => {
      notice = this.dispatch(message, turn)
      if (notice && isReplied) endWith(turn, notice)
    })
    isReplied = true
    if (!notice) return { turn }
    turn.forget()
    await stores.streams.unclaim?.(turn.turn.stored())
    return { declined: decline(turn.id, notice) }
  }

  /** @returns the notice to reply with if Koishi has not taken the message */
  private dispatch(message: Message, turn: TurnController): string | undefined {
    const { turns, dispatcher, notices } = this.options
    // The bot may have been stopped while the message was waiting.
    const result = turns.find(turn.id) ? dispatcher.dispatch(message, turn) : 'taken'
    switch (result) {
      case 'taken':
        return
      case 'unreadable':
        return notices.unsupported
      case 'closed':
      case 'failed':
        return notices.forgotten
      default:
        return result satisfies never
    }
  }

  private async firstReply(opened: Opened, { msgId, botId, userId, chatId }: Message): Promise<Outcome> {
    const { firstReply } = this.options
    if ('declined' in opened) return opened.declined
    if ('streamId' in opened) return this.recall(opened.streamId, msgId, { botId, userId, chatId })
    // With others before it, the answer cannot be ready in time.
    if (this.dispatches.delayMs < firstReply) await opened.turn.whenEnded(firstReply)
    return this.show(opened.turn, msgId, true)
  }

  /** The stream of another process, or of this one before it was restarted. */
  private async recall(streamId: string, msgId: string, asker: Owner): Promise<Outcome> {
    const { turns, stores, notices, foreignTurns } = this.options
    const shown = await foreignTurns?.show(streamId, msgId, asker)
    if (shown) return shown instanceof TurnController ? this.show(shown, msgId) : shown
    const stream = await stores.streams.find(streamId)
    if (!stream) return foreignTurns?.waitFor(streamId, asker) ?? reply(streamId, notices.forgotten)
    if (!owns(stream.owner, asker)) return reply(streamId, notices.forgotten)
    const { content, finished } = stream
    if (finished && content) return reply(streamId, content)
    return reply(streamId, interrupted(content, turns.context.options.placeholder, notices.interrupted))
  }

  private async event(event: Event, isReplayed: boolean, route: ReplyRoute): Promise<Outcome> {
    const { clock, stores, dispatcher, welcome, admission } = this.options
    const { type, botId, msgId, userId } = event
    if (admission.isLeftToOthers && !route.requestId) return { isPassedOn: true }
    const isKnown = this.events.seen([botId, type, userId, msgId].join('/')) || isReplayed
      || !await claimEvent(event, stores.streams)
    if (event.type === 'feedback' && !isKnown) {
      const { id, ...feedback } = event.feedback
      await stores.feedback.save(id, { ...feedback, userId, time: clock.now() })
    }
    if (!isKnown) dispatcher.notify(event)
    switch (event.type) {
      case 'enter-chat':
        return { reply: welcomeReply(welcome, stores.cards, event) }
      case 'card-click':
        return this.click(event, isKnown, route)
      case 'feedback':
      case 'unknown':
        return {}
      default:
        return event satisfies never
    }
  }

  /** The reply updates the card; messages sent on the click need another way. */
  private async click(event: CardClick, isKnown: boolean, { override }: ReplyRoute): Promise<Outcome> {
    const { turns, admission, cards, dispatcher } = this.options
    const { click, userId } = event
    const options = { responseUrl: this.trustedUrl(event), override, streaming: false }
    const refusal = inputOf(click) === undefined ? undefined : admission.refusal(userId)
    if (refusal) {
      // The card does not change, so that it can be clicked again.
      if (!isKnown) endWith(turns.open(event, options), refusal)
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
    if (turn.isPushed) {
      turn.show()
      return {}
    }
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

/** A notice instead of an answer. */
function endWith(turn: TurnController, notice: string) {
  void turn.say({ text: notice }).finally(() => turn.endChain())
}
