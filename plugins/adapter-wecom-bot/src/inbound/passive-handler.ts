import { inputOf } from '../cards/buttons'
import { closedButtonLabel } from '../cards/card-update'
import { CallbackError } from '../protocol/callback-error'
import { owns } from '../protocol/conversation'
import { MAX_TEXT_BYTES } from '../protocol/limits'
import type { Event, Message, Payload, CallbackSource, UnknownMessage } from '../protocol/payload'
import type { Reply } from '../protocol/reply'
import type { WecomApp } from '../push/app'
import type { Push } from '../push/push'
import { WebhookPush, toLegacyRobot } from '../push/push'
import type { WebhookRegistry } from '../push/webhook-registry'
import type { Turn } from '../turn/turn'
import type { TurnController } from '../turn/turn-controller'
import type { TurnLog } from '../turn/turn-log'
import { SingleFlight } from 'common/async'
import type { Clock } from 'common/time'
import { claim } from './claim'
import { DispatchQueue } from './dispatch-queue'
import { PassiveReply } from './passive-reply'
import type { CallbackHandler, HandlerContext, Outcome } from './types'
import { welcomeText } from './welcome'

export interface PassiveHandlerOptions extends HandlerContext {
  /** When set, callbacks for other apps are refused. */
  agentId?: string
  /** How long a reply waits for the answer. Milliseconds; WeCom gives up after five seconds. */
  wait: number
  /** Milliseconds after which a reply without confirmation counts as not delivered. */
  unclaimed: number
  app?: WecomApp
  webhooks: WebhookRegistry
  clock: Clock
  log: Pick<TurnLog, 'deliveryFailed'>
  /** The webhook that a group robot names; `undefined` if it may not be posted to. */
  webhookOf(url: string): string | undefined
}

/** Where a callback is answered: in a turn, in that of another process, or by a notice only. */
type Opened = { turn: TurnController } | { streamId: string } | { declined: string } | { isPassedOn: true }

/**
 * Handles the callbacks of self-built apps (自建应用) and of group robots (群机器人), which have no streams. An answer
 * that is ready in time is the reply (被动回复); a later one is sent by the app's API or the robot's own webhook.
 * @see https://developer.work.weixin.qq.com/document/path/90238
 */
export class PassiveHandler implements CallbackHandler {
  private readonly replies = new WeakMap<Turn, PassiveReply>()
  /** Callbacks that are being claimed. Their repetitions wait for the same turn. */
  private readonly openings = new SingleFlight<Opened>()
  private readonly dispatches: DispatchQueue

  constructor(private readonly options: PassiveHandlerOptions) {
    this.dispatches = new DispatchQueue(options.clock)
  }

  async accept(payload: Payload, isReplayed: boolean): Promise<Outcome> {
    const { agentId, turns, notices, dispatcher, clock, wait } = this.options
    const { source, botId, msgId } = payload
    if (source?.name === 'app' && agentId && source.agentId !== agentId) throw new CallbackError('foreign-bot')
    dispatcher.verified(source?.name)
    switch (payload.kind) {
      case 'poll':
        return {}
      case 'unknown':
        return this.reply(payload, notices.unsupported)
      case 'message':
      case 'event': {
        const until = clock.monotonic() + wait
        const key = `${botId}/${msgId}`
        const turn = this.openings.get(key) ? undefined : turns.findByMessage(botId, msgId)
        this.dispatches.noteArrival()
        const opened = turn ? { turn } : await this.openings.run(key, () => this.open(payload, isReplayed))
        return this.answer(payload, opened, until)
      }
      default:
        return payload satisfies never
    }
  }

  private async open(callback: Message | Event, isReplayed: boolean): Promise<Opened> {
    const { turns, admission, sharedLimits, stores, notices, clock, unclaimed } = this.options
    if (admission.isLeftToOthers) return { isPassedOn: true }
    if (startsAnswer(callback)) {
      const declined = admission.refusal(callback.userId)
      if (declined) return { declined }
    }
    const next = this.pushAfterReply(callback)
    const reply = new PassiveReply({ limit: MAX_TEXT_BYTES, notices, clock, unclaimed, next })
    const turn = turns.open(callback, { streaming: false, override: reply })
    this.replies.set(turn.turn, reply)
    const streamId = await claim(turn, stores.streams, isReplayed)
    if (streamId) return { streamId }
    if (startsAnswer(callback) && sharedLimits?.isActive && !await sharedLimits.enter(turn.id, callback.userId)) {
      turn.forget()
      await stores.streams.unclaim?.(turn.turn.stored())
      return { declined: notices.busy }
    }
    if (callback.kind === 'message') this.dispatches.add(() => this.dispatch(callback, turn, reply))
    else await this.event(callback, turn, reply)
    return { turn }
  }

  private dispatch(message: Message, turn: TurnController, reply: PassiveReply) {
    const { turns, dispatcher, notices } = this.options
    // The bot may have been stopped while the message was waiting.
    if (!turns.find(turn.id)) return
    const result = dispatcher.dispatch(message, turn)
    switch (result) {
      case 'taken':
        return
      case 'unreadable':
        return endWith(turn, reply, notices.unsupported)
      case 'closed':
      case 'failed':
        return endWith(turn, reply, notices.forgotten)
      default:
        return result satisfies never
    }
  }

  private async event(event: Event, turn: TurnController, reply: PassiveReply) {
    const { welcome, dispatcher } = this.options
    dispatcher.notify(event)
    switch (event.type) {
      case 'card-click':
        return this.click(event, turn)
      case 'enter-chat':
        if (welcome) reply.replyWith(welcomeText(welcome))
        break
      case 'feedback':
      case 'unknown':
        break
      default:
        return event satisfies never
    }
    turn.endChain()
  }

  /** The reply stays free for messages sent on the click; the card is updated through the app's API. */
  private async click(event: Event & { type: 'card-click' }, turn: TurnController) {
    const { cards, app, log, dispatcher } = this.options
    const { responseCode, userId } = event
    const result = await cards.click(event.click, userId)
    const button = result.card && closedButtonLabel(result.card)
    if (app && responseCode && button) {
      app.closeCard(userId, responseCode, button).catch(error => log.deliveryFailed(turn.turn, error))
    }
    if (result.isRepeated) turn.endChain()
    else dispatcher.click(event, result, turn)
  }

  /**
   * Waits for the answer as long as WeCom waits for the reply.
   * @param until when the reply must be sent, on the monotonic clock
   */
  private async answer(callback: Message | Event, opened: Opened, until: number): Promise<Outcome> {
    if ('isPassedOn' in opened) return opened
    if ('declined' in opened) return { ...this.reply(callback, opened.declined), isDeclined: true }
    if ('streamId' in opened) return this.recall(callback, opened.streamId)
    const { stores, clock } = this.options
    const { turn } = opened.turn
    const reply = this.replies.get(turn)
    if (reply?.isWaiting) await opened.turn.whenEnded(until - clock.monotonic())
    const content = reply?.take(turn)
    if (!reply || !content) return {}
    stores.streams.save(turn.stored(content, true))
    return { ...this.reply(callback, content), responded: isDelivered => isDelivered && reply.confirm() }
  }

  /** The answer of another process, or of this one before it was restarted. */
  private async recall(callback: Message | Event, streamId: string): Promise<Outcome> {
    const { stores, notices } = this.options
    const stream = await stores.streams.find(streamId)
    if (stream?.finished && stream.content && owns(stream.owner, callback)) return this.reply(callback, stream.content)
    return callback.kind === 'message' ? this.reply(callback, notices.interrupted) : {}
  }

  /** Where the answer goes once the reply is gone. */
  private pushAfterReply({ source, userId, webhookUrl }: Message | Event): Push | undefined {
    const { app, webhooks, webhookOf } = this.options
    if (source?.name === 'app') return app?.to(userId)
    const url = webhookUrl && webhookOf(webhookUrl)
    return url ? toLegacyRobot(new WebhookPush(webhooks.byUrl(url), source?.chatId)) : undefined
  }

  private reply(callback: Message | Event | UnknownMessage, content: string): Outcome {
    const seconds = Math.floor(this.options.clock.now() / 1000)
    return { reply: textReplyTo(callback.source!, callback.userId, content, seconds) }
  }
}

/** A notice instead of an answer: in the reply, or after it if the message had to wait for its turn. */
function endWith(turn: TurnController, reply: PassiveReply, notice: string) {
  if (!reply.isWaiting) return void turn.say({ text: notice }).finally(() => turn.endChain())
  reply.replyWith(notice)
  turn.endChain()
}

/** Whether a callback makes plugins answer. */
function startsAnswer(callback: Message | Event) {
  return callback.kind === 'message' || (callback.type === 'card-click' && inputOf(callback.click) !== undefined)
}

/**
 * A text reply in the format of its source.
 * @see https://developer.work.weixin.qq.com/document/path/90241
 */
function textReplyTo(source: CallbackSource, userId: string, content: string, seconds: number): Reply {
  if (source.name === 'app') {
    return { ToUserName: userId, FromUserName: source.corpId, CreateTime: seconds, MsgType: 'text', Content: content }
  }
  return source.isJson ? { msgtype: 'text', text: { content } } : { MsgType: 'text', Text: { Content: content } }
}
