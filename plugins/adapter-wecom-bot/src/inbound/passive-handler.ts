import type { WecomApp } from '../push/app'
import { MAX_TEXT_BYTES } from '../protocol/limits'
import type { TemplateCard } from '../protocol/template-card'
import { inputOf } from '../cards/buttons'
import type { Clock } from '../util/clock'
import { welcomeText } from './welcome'
import { PassiveReply } from './passive-reply'
import type { AibotHandlerOptions, Outcome } from './aibot-handler'
import type { CallbackSource, Click, Event, Message, Payload, UnknownMessage } from '../protocol/payload'
import type { Push } from '../push/push'
import { WebhookPush, toLegacyRobot } from '../push/push'
import { CallbackError } from '../protocol/callback-error'
import type { Reply } from '../protocol/reply'
import type { Turn } from '../turn/turn'
import { owns } from '../protocol/conversation'
import type { WebhookRegistry } from '../push/webhook-registry'

type Shared = Pick<
  AibotHandlerOptions,
  'turns' | 'cards' | 'stores' | 'notices' | 'welcome' | 'dispatch' | 'notify' | 'click' | 'verified'
>

export interface PassiveHandlerOptions extends Shared {
  /** When set, callbacks for another app are refused. */
  agentId?: string
  /** How long a reply waits for the answer, in milliseconds. WeCom gives up after five seconds. */
  wait: number
  /** After so many milliseconds a reply that was not confirmed has not arrived. */
  unclaimed: number
  app?: WecomApp
  webhooks: WebhookRegistry
  clock: Clock
  /** The address that a group robot names, as far as it may be posted to. */
  webhookOf(url: string): string | undefined
}

/**
 * Takes the verified callbacks of self-built apps and of group robots of the older kind. They know no streams: what is
 * ready in time is the reply, what is not goes out through the app's API or the robot's own webhook.
 */
export class PassiveHandler {
  private readonly holds = new WeakMap<Turn, PassiveReply>()

  constructor(readonly options: PassiveHandlerOptions) {}

  /** The process is about to end: nothing new is begun. */
  leaving = false

  /**
   * @param replayed this very callback has come before
   * @throws {CallbackError} `foreign-bot`; `replay` where it has been answered and forgotten
   */
  async accept(payload: Payload, replayed: boolean): Promise<Outcome> {
    const { agentId, turns, notices, verified } = this.options
    const { source, botId, msgId } = payload
    if (source?.name === 'app' && agentId && source.agentId !== agentId) throw new CallbackError('foreign-bot')
    verified()
    if (payload.kind === 'poll') return {}
    const known = turns.find(botId, msgId)
    if (known) return this.answer(payload, known)
    if (payload.kind === 'unknown') return this.say(payload, notices.unsupported)
    return this.open(payload, replayed)
  }

  private async open(callback: Message | Event, replayed: boolean): Promise<Outcome> {
    const { turns, stores, notices } = this.options
    const { msgId, botId, userId, chatId } = callback
    if (callback.kind === 'message' || (callback.type === 'card-click' && inputOf(callback.click) !== undefined)) {
      if (this.leaving) return { ...this.say(callback, notices.leaving), isUntaken: true }
      if (turns.load.isFull(userId)) return { ...this.say(callback, notices.busy), isUntaken: true }
    }
    const turn = turns.open(callback, undefined, false)
    const hold = this.hold(callback, turn)
    const owner = { botId, userId, chatId }
    const streamId = await stores.streams.claim({ streamId: turn.id, msgId, owner, content: '', finished: false })
    if (streamId !== turn.id || replayed) turns.drop(turn)
    if (streamId !== turn.id) return this.recall(callback, streamId)
    if (replayed) throw new CallbackError('replay')
    if (callback.kind === 'message') this.dispatch(callback, turn, hold)
    else await this.event(callback, turn, hold)
    return this.answer(callback, turn)
  }

  private dispatch(message: Message, turn: Turn, hold: PassiveReply) {
    const { dispatch, notices } = this.options
    const dispatched = dispatch(message, turn)
    if (dispatched === 'taken') return
    hold.say(dispatched === 'closed' ? notices.forgotten : notices.unsupported)
    turn.chainEnded()
  }

  private async event(event: Event, turn: Turn, hold: PassiveReply) {
    const { welcome, notify } = this.options
    notify(event)
    if (event.type === 'card-click') return this.click(event, event.click, turn)
    if (event.type === 'enter-chat' && welcome) hold.say(welcomeText(welcome))
    turn.chainEnded()
  }

  /** The reply is left for what is said to the click; a card that is answered is closed through the app. */
  private async click(event: Event, what: Click, turn: Turn) {
    const { cards, app, turns, click } = this.options
    const { responseCode, userId } = event
    const clicked = await cards.click(what, userId)
    const button = clicked.card && buttonOf(clicked.card)
    if (app && responseCode && button) {
      app.closeCard(userId, responseCode, button).catch(error => turns.log.deliveryFailed(turn, error))
    }
    if (clicked.isRepeated) turn.chainEnded()
    else click(event, clicked, turn)
  }

  /** Waits for the answer as long as WeCom waits for the reply. */
  private async answer(callback: Message | Event | UnknownMessage, turn: Turn): Promise<Outcome> {
    const { turns, stores, wait } = this.options
    const hold = this.holds.get(turn)
    if (hold?.isWaiting) await turns.settled(turn, wait)
    const content = hold?.take(turn)
    if (!hold || !content) return {}
    const { id: streamId, msgId, owner } = turn
    stores.streams.save({ streamId, msgId, owner, content, finished: true })
    return { ...this.say(callback, content), sent: () => hold.arrived() }
  }

  /** What another process, or this one before it was killed, had to say. */
  private async recall(callback: Message | Event, streamId: string): Promise<Outcome> {
    const { stores, notices } = this.options
    const stream = await stores.streams.find(streamId)
    if (stream?.finished && stream.content && owns(stream.owner, callback)) return this.say(callback, stream.content)
    return callback.kind === 'message' ? this.say(callback, notices.interrupted) : {}
  }

  private hold(callback: Message | Event, turn: Turn): PassiveReply {
    const { turns, notices, clock, unclaimed } = this.options
    const hold = new PassiveReply({ limit: MAX_TEXT_BYTES, notices, clock, unclaimed, next: this.next(callback) })
    this.holds.set(turn, hold)
    turns.outlet.overrides.set(turn, hold)
    return hold
  }

  /** What is left when the reply is gone. */
  private next({ source, userId, webhookUrl }: Message | Event): Push | undefined {
    const { app, webhooks, webhookOf } = this.options
    if (source?.name === 'app') return app?.to(userId)
    const url = webhookUrl && webhookOf(webhookUrl)
    return url ? toLegacyRobot(new WebhookPush(webhooks.byUrl(url), source?.chatId)) : undefined
  }

  private say(callback: Message | Event | UnknownMessage, content: string): Outcome {
    return { reply: toReply(callback.source!, callback.userId, content, Math.floor(this.options.clock.now() / 1000)) }
  }
}

/** What its buttons say now that it is answered. */
function buttonOf(card: TemplateCard): string | undefined {
  if ('submit_button' in card) return card.submit_button.text
  return 'button_list' in card ? card.button_list[0].text : undefined
}

/**
 * The reply as each source writes it.
 * @see https://developer.work.weixin.qq.com/document/path/90241
 */
function toReply(source: CallbackSource, userId: string, content: string, seconds: number): Reply {
  if (source.name === 'app') {
    return { ToUserName: userId, FromUserName: source.corpId, CreateTime: seconds, MsgType: 'text', Content: content }
  }
  return source.isJson ? { msgtype: 'text', text: { content } } : { MsgType: 'text', Text: { Content: content } }
}
