import type { Frame } from '../protocol/reply'
import { forgetReply } from '../protocol/reply'
import type { TemplateCard } from '../protocol/template-card'
import type { AnswerDeliveryEvents } from './answer-delivery'
import { AnswerDelivery } from './answer-delivery'
import type { Said } from '../render/said'
import type { StoredStream } from '../storage/streams'
import type { Screen } from './screen'
import type { Turn, TurnObserver } from './turn'
import { TurnEnd } from './turn-end'
import type { TurnContext, TurnEvents } from './turn-options'

/** The handle of one turn. All calls are allowed at any time, also after the turn was forgotten. */
export class TurnController implements TurnObserver, AnswerDeliveryEvents {
  /** Absent until something waits for the end. */
  private end?: TurnEnd
  private readonly delivery: AnswerDelivery
  private readonly screen?: Screen
  private savedFrame?: Frame
  private publishedFrame?: Frame
  private publishedCard?: TemplateCard
  private isSettled = false
  /** Another instance shows the last frame of the bubble. */
  isLeft = false
  private isDisposed = false

  /**
   * Passes itself on rather than functions, which take a hundred bytes each: thousands of turns may be open.
   * @param createScreen omitted if the reply to the callback cannot be a stream
   */
  constructor(
    readonly turn: Turn,
    createScreen: ((turn: TurnController) => Screen) | undefined,
    private readonly context: TurnContext,
    private readonly events: TurnEvents,
  ) {
    turn.observer = this
    this.screen = createScreen?.(this)
    this.delivery = new AnswerDelivery(turn, this.screen, context, this)
  }

  /** Brings the states of a message that is edited into WeCom's dialect. */
  writerOf(messageId: string) {
    return this.turn.writerOf(messageId)
  }

  /** Also the stream's id. */
  get id() {
    return this.turn.id
  }

  get msgId() {
    return this.turn.msgId
  }

  get owner() {
    return this.turn.owner
  }

  /** The answer is still being made. */
  get isOpen() {
    return !this.delivery.isDone && !this.turn.isEnded
  }

  /** The bubble is open, and the platform was not given its final frame. */
  get isUnfinished() {
    return this.delivery.isUnfinished
  }

  /** The fallback delivery is at work. */
  get isSending() {
    return this.delivery.isSending
  }

  /** The frames of the bubble are sent as they change. */
  get isPushed() {
    return !!this.screen?.isPushed
  }

  /** The bubble has its final frame. */
  get isClosing() {
    return this.delivery.isClosing
  }

  /** Shows the bubble, if that is not up to the platform. */
  show() {
    if (!this.isDisposed) this.screen?.changed()
  }

  /** Resolves when the turn has ended, or after `delay` milliseconds. */
  async whenEnded(delay: number): Promise<void> {
    if (!this.isDisposed) await this.endOfTurn().wait(delay)
  }

  /** The last middleware has returned; Koishi may still be sending its result. */
  middlewareReturned() {
    if (!this.isDisposed) this.endOfTurn().middlewareReturned()
  }

  /** Koishi's middleware chain has ended. */
  endChain() {
    this.turn.endChain()
  }

  /** Keeps the turn open until `endSend`. */
  beginSend() {
    this.turn.beginSend()
  }

  endSend() {
    this.turn.endSend()
  }

  /**
   * The reply to a callback; `undefined` if the turn has no bubble and needs none. Changed frames are saved; while the
   * store is late, the frame does not change, so that a crash takes back nothing that was shown for longer.
   */
  frame(): Frame | undefined {
    const frame = this.isDisposed ? undefined : this.delivery.frame()
    if (!frame || frame === this.savedFrame) return frame
    const { streams, options } = this.context
    const { placeholder = options.placeholder } = this.turn
    if (!frame.finish && streams.isLate) return this.savedFrame ?? { content: placeholder, finish: false }
    this.savedFrame = frame
    streams.save(this.stored(frame))
    return frame
  }

  /** Stores the last frame of a bubble that cannot be shown at present. */
  store() {
    const frame = this.isDisposed ? undefined : this.delivery.peek()
    if (!frame || frame === this.savedFrame) return
    this.savedFrame = frame
    this.context.streams.save(this.stored(frame))
  }

  /** Shows the bubble to other instances, which are polled for it as well. */
  publish() {
    if (this.isDisposed) return
    const { streams, cardOf } = this.context
    const card = this.delivery.isDone ? undefined : cardOf?.(this.turn)
    const frame = this.delivery.peek()
    if (!frame || (frame === this.publishedFrame && card === this.publishedCard)) return
    this.publishedFrame = frame
    this.publishedCard = card
    streams.save(this.stored(frame))
  }

  /** @param isDelivered whether the final frame has reached the platform */
  confirmFinalFrame(isDelivered: boolean) {
    if (this.isDisposed) return
    if (isDelivered) this.settle()
    this.delivery.confirmFinalFrame(isDelivered)
    // The rest of the answer may still be made. An instance that goes on with it must know what was shown.
    if (isDelivered && !this.isPushed && !this.delivery.isDone) void this.context.sharedTurns?.decideEnd(this.id, 'fetched')
  }

  /** Whether other instances can see what is stored. */
  async isShown(): Promise<boolean> {
    return !!await this.context.sharedTurns?.isShown(this.id)
  }

  /** Shows what the bubble shows to other instances again: the shared state was away. */
  showAgain() {
    const { streams, sharedTurns } = this.context
    if (!this.isPushed) {
      this.publishedFrame = undefined
      this.publish()
    } else if (this.savedFrame) {
      streams.save(this.stored(this.savedFrame))
    }
    if (this.delivery.isDone && !this.delivery.isBubbleOpen) sharedTurns?.close(this.id)
  }

  /** Another instance shows the last frame, which is stored. */
  leaveBubble() {
    if (this.isDisposed) return
    this.isLeft = this.isSettled = true
    this.context.sharedTurns?.abandon(this.id)
    this.delivery.confirmFinalFrame(true)
  }

  /** The bubble can show nothing more. */
  abandonBubble() {
    if (!this.isDisposed) this.delivery.abandonBubble()
  }

  /** An error of the delivery, for the operator. */
  deliveryFailed(error: unknown) {
    this.context.log.deliveryFailed(this.turn, error)
  }

  /**
   * Adds a message to the bubble, or sends it on its own if the bubble is closed.
   * @returns the message's id; `undefined` if it was sent on its own and cannot be edited
   * @throws {DeliveryError}
   */
  async say(said: Said): Promise<string | undefined> {
    if (!this.isWritable) return void await this.context.fallback.send(this.turn, said)
    const id = this.turn.add(said)
    this.changed()
    return id
  }

  /** @returns whether the message could be edited */
  edit(messageId: string, said: Said): boolean {
    if (!this.isWritable || !this.turn.edit(messageId, said)) return false
    this.changed()
    return true
  }

  /** @returns whether the message could be removed */
  remove(messageId: string): boolean {
    if (!this.isWritable || !this.turn.remove(messageId)) return false
    this.changed()
    return true
  }

  /** The process is shutting down: says so in the chat, in the bubble if possible. */
  interrupt() {
    // Once the answer is sent as it stands, a passive reply need not wait any longer.
    if (this.delivery.interrupt()) this.end?.reached()
  }

  /** Delivers a final frame that was not fetched, without waiting any longer. */
  deliverUnfetched() {
    this.delivery.deliverUnfetched()
  }

  /** Another instance has taken the turn over. */
  lost() {
    this.isSettled = true
    this.forget()
  }

  /** Removes the turn from the registry. */
  forget() {
    this.settle()
    this.dispose()
    this.events.forgotten(this.turn)
    this.events.progressed()
  }

  dispose() {
    this.isDisposed = true
    this.delivery.dispose()
    this.end?.dispose()
  }

  /** The turn has ended, or is given up. */
  ended() {
    this.events.ended(this.turn)
    this.delivery.end()
    this.end?.reached()
    this.events.progressed()
  }

  /** `isSending` or `isUnfinished` may have changed. */
  progressed() {
    if (this.delivery.isDone) this.done()
    this.events.progressed()
  }

  /** Everything is delivered. A pushed bubble that is still open is closed later, maybe by another process. */
  private done() {
    if (this.turn.requestId && this.delivery.isBubbleOpen && !this.isSettled) this.store()
    else if (this.turn.requestId) this.settle()
    else if (!this.screen) this.context.sharedTurns?.close(this.id)
  }

  /** Nothing has to be done about a pushed bubble any more, also not after a restart or by another instance. */
  private settle() {
    if (!this.turn.requestId || this.isSettled) return
    this.isSettled = true
    const { streams, sharedTurns } = this.context
    streams.save({ ...this.turn.stored(this.savedFrame?.content, true), requestId: undefined })
    sharedTurns?.close(this.id)
  }

  /** What the stream shows. Images and card are for other instances, which see this only if it is published. */
  private stored(frame: Frame): StoredStream {
    const stream = this.turn.stored(frame.content, frame.finish)
    return this.publishedFrame ? { ...stream, images: frame.images, card: this.publishedCard } : stream
  }

  private endOfTurn(): TurnEnd {
    return this.end ??= new TurnEnd(this.turn, this.context.clock)
  }

  private get isWritable() {
    return !this.isDisposed && this.delivery.isWritable
  }

  private changed() {
    if (this.savedFrame) forgetReply(this.savedFrame)
    if (!this.delivery.reopen()) return
    if (this.turn.isEnded) this.ended()
    else this.screen?.changed()
  }
}
