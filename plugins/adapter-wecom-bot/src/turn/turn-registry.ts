import { Condition } from 'common/async'
import type { Owner } from '../protocol/conversation'
import { owns } from '../protocol/conversation'
import { randomSalt } from '../protocol/crypto'
import type { CallbackBase, Event, Message } from '../protocol/payload'
import type { Concurrency } from './concurrency'
import { PublishedScreen } from './published-screen'
import type { Screen } from './screen'
import { polledScreen } from './screen'
import type { DeliveryOverride, TurnSettings } from './turn'
import { Turn } from './turn'
import { TurnController } from './turn-controller'
import type { TurnContext, TurnEvents } from './turn-options'

/** Time for the platform to fetch final frames on shutdown: two polls. */
const FINAL_POLLS_MS = 2500
/** Time for the fallback delivery of frames that were not fetched on shutdown. */
const FINAL_DELIVERY_MS = 1000

export interface OpenOptions {
  /** Takes one message within an hour. */
  responseUrl?: string
  /** `false`: the reply to the callback cannot be a stream. Default: as configured. */
  streaming?: boolean
  /** Creates what shows the bubble, if the platform does not poll for it. */
  screen?(turn: TurnController): Screen
  /** The only way out of the turn, instead of `responseUrl` and webhook. */
  override?: DeliveryOverride
  /** Names the message on the long connection. */
  requestId?: string
}

/** A stream of another instance that this one goes on with. */
export interface ContinuedStream {
  streamId: string
  /** When the message was received, by the monotonic clock of this process. Milliseconds. */
  openedAt: number
  /** What the bubble shows until there is something new. */
  content: string
}

/** Whose turn it is, and which message it answers. */
export type AnsweredMessage = Pick<CallbackBase, 'msgId' | 'botId' | 'userId' | 'chatId'>

/** All turns of a bot, from the callback until they can no longer be polled. */
export class TurnRegistry {
  private readonly byId = new Map<string, TurnController>()
  private readonly byMessage = new Map<string, TurnController>()
  private readonly progress: Condition
  private readonly events: TurnEvents = {
    ended: ({ id, owner }) => this.release(id, owner.userId),
    progressed: () => this.progress.notify(),
    forgotten: turn => this.delete(turn),
  }

  constructor(readonly context: TurnContext, readonly concurrency: Concurrency) {
    this.progress = new Condition(context.clock)
  }

  get size() {
    return this.byId.size
  }

  /** Opens the turn of a callback that was not received before. */
  open(callback: Message | Event, options: OpenOptions = {}): TurnController {
    const { streaming: isStreaming } = this.context.options
    const { override, streaming = isStreaming } = options
    const canRepeat = streaming && !override && !options.screen && callback.kind === 'message'
    return this.add(callback, { ...options, streaming }, {
      id: randomSalt().toString('hex'),
      openedAt: this.context.clock.monotonic(),
      question: canRepeat && this.context.sharedTurns?.state ? callback : undefined,
    })
  }

  /** Opens the turn of a stream that another instance has answered until it died. */
  continue(callback: AnsweredMessage, stream: ContinuedStream, responseUrl?: string): TurnController {
    const { streamId: id, openedAt, content: placeholder } = stream
    return this.add(callback, { responseUrl }, { id, openedAt, placeholder })
  }

  private add(
    { msgId, botId, userId, chatId }: AnsweredMessage,
    { responseUrl, override, requestId, streaming = true, screen = this.createScreen }: OpenOptions,
    { id, openedAt, ...settings }: TurnSettings & { id: string, openedAt: number },
  ): TurnController {
    const turn = new TurnController(new Turn(id, msgId, { botId, userId, chatId }, openedAt, {
      ...settings,
      responseUrl: responseUrl ? { url: responseUrl, used: false } : undefined,
      override,
      requestId,
    }), streaming ? screen : undefined, this.context, this.events)
    this.byId.set(id, turn)
    this.byMessage.set(messageKey(botId, msgId), turn)
    this.concurrency.add(id, userId)
    return turn
  }

  /**
   * The turn of a stream.
   * @param asker if given, the turn is only found if its stream may be shown to the asker
   */
  find(streamId: string, asker?: Owner): TurnController | undefined {
    const turn = this.byId.get(streamId)
    return turn && (!asker || owns(turn.owner, asker)) ? turn : undefined
  }

  /** The turn of a callback that was received before. */
  findByMessage(botId: string, msgId: string): TurnController | undefined {
    return this.byMessage.get(messageKey(botId, msgId))
  }

  /** Another instance has given the platform the last frame of a stream: of this turn, or after it took it over. */
  fetchedElsewhere(streamId: string) {
    const turn = this.find(streamId)
    if (turn?.isClosing) turn.confirmFinalFrame(true)
    else turn?.forget()
  }

  /** The latest turn that can still be written to, of those whose owner matches. */
  findLatest(matches: (owner: Owner) => boolean): TurnController | undefined {
    let latest: TurnController | undefined
    for (const turn of this.byId.values()) {
      if (turn.isOpen && matches(turn.owner)) latest = turn
    }
    return latest
  }

  /**
   * Ends all turns before shutdown: waits for answers to complete, tells people whose answer is interrupted, waits for
   * the platform to fetch the final frames, and delivers those that are not fetched in another way.
   * @param grace milliseconds for answers to complete
   */
  async drain(grace: number): Promise<void> {
    const all = () => [...this.byId.values()]
    const isSending = () => all().some(turn => turn.isSending)
    await this.progress.until(() => this.concurrency.size === 0 && !isSending(), grace)
    const unfinished = all().filter(turn => turn.isUnfinished)
    for (const turn of all()) turn.interrupt()
    await this.progress.until(() => !unfinished.some(turn => turn.isUnfinished), FINAL_POLLS_MS)
    for (const turn of unfinished) turn.deliverUnfetched()
    await this.progress.until(() => !isSending(), FINAL_DELIVERY_MS)
  }

  /** Forgets all turns at once. */
  dispose() {
    for (const turn of this.byId.values()) turn.dispose()
    this.byId.clear()
    this.byMessage.clear()
  }

  private readonly createScreen = (turn: TurnController): Screen => {
    const { sharedTurns, clock, options } = this.context
    if (!sharedTurns?.state) return polledScreen
    const windowMs = Math.max(0, turn.turn.openedAt + options.window - clock.monotonic())
    return new PublishedScreen(turn, sharedTurns, clock, windowMs)
  }

  private release(id: string, userId: string) {
    this.concurrency.release(id)
    this.context.sharedLimits?.leave(id, userId)
  }

  private delete({ id, msgId, owner }: Turn) {
    this.byId.delete(id)
    this.byMessage.delete(messageKey(owner.botId, msgId))
    this.release(id, owner.userId)
    this.context.sharedTurns?.close(id)
  }
}

function messageKey(botId: string, msgId: string) {
  return `${botId}/${msgId}`
}
