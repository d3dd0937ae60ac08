import type { Frame } from '../protocol/reply'
import { Bubble, isVisible } from './bubble'
import type { DeliveryOutcome } from './fallback'
import { describeOutcome, isDelivered } from './fallback'
import type { Said } from '../render/said'
import { inWords } from '../render/said'
import type { Screen } from './screen'
import type { Turn } from './turn'
import type { TurnContext } from './turn-options'

export interface AnswerDeliveryEvents {
  /** The turn did not end within its lifetime: what there is of the answer should be delivered. */
  ended(): void
  /** `isSending` or `isUnfinished` may have changed. */
  progressed(): void
  /** The turn is no longer needed. */
  forget(): void
}

/** Delivers the answer of one turn: in its bubble as far as possible, the rest by the fallback delivery. */
export class AnswerDelivery {
  /**
   * `live`: the bubble shows the messages. `sending`: the fallback delivery is at work, the bubble waits for its
   * outcome. `handed-over`: the bubble had to close, the answer is still growing. `done`: everything is delivered.
   */
  private phase: 'live' | 'sending' | 'handed-over' | 'done' = 'live'
  /** The final frame announced that more follows. */
  private isMorePromised = false
  /** What did not fit into the bubble was delivered: the text may not change any more. */
  private isFrozen = false
  /** Note on the part of the overflow that was not delivered. */
  private overflowNote = ''
  /** Closes the bubble while the fallback delivery is at work. */
  private closeEarly?: () => void
  /** The only timer of a turn, apart from waiting for its end. */
  private timer: unknown
  /** The bubble can show nothing more, and may not have shown its last frame. */
  private isBubbleLost = false
  private isDisposed = false
  private readonly bubble: Bubble

  /** @param screen `undefined` if the reply to the callback cannot be a stream */
  constructor(
    private readonly turn: Turn,
    private readonly screen: Screen | undefined,
    private readonly context: TurnContext,
    private readonly events: AnswerDeliveryEvents,
  ) {
    const { options, notices } = context
    this.bubble = new Bubble(turn, turn.placeholder ?? options.placeholder, notices)
    if (!screen || !options.cards) turn.showButtonsAsText()
    this.scheduleLifetime()
  }

  get isDone() {
    return this.phase === 'done'
  }

  get isSending() {
    return this.phase === 'sending'
  }

  /** The platform shows the bubble, and may not have its final frame. */
  get isBubbleOpen() {
    return this.bubble.isOpened && !this.bubble.isFinalFrameDelivered && !this.isBubbleLost
  }

  /** The bubble is open, and the platform was not given its final frame. */
  get isUnfinished() {
    return this.bubble.isUnfinished && this.phase !== 'done'
  }

  /** Messages can be changed until the platform has them for good. */
  get isWritable(): boolean {
    return this.phase === 'handed-over' || (this.phase === 'live' && !this.bubble.isFinalFrameSent && !this.isFrozen)
  }

  /** The bubble has its final frame. */
  get isClosing() {
    return !!this.bubble.finalFrame
  }

  frame(): Frame | undefined {
    const { bubble, screen, context: { options, clock } } = this
    if (!screen || this.isBubbleLost || (this.phase === 'done' && !bubble.finalFrame)) return
    if (!bubble.finalFrame) {
      if (!screen.isPushed && clock.monotonic() - this.turn.openedAt >= options.window) this.closeInTime()
      // The platform counts from the first frame it was given.
      else if (screen.isPushed && !bubble.isOpened) this.schedule(options.window, () => this.windowEnded())
    }
    const frame = bubble.frame()
    if (frame.finish) this.events.progressed()
    return frame
  }

  /** The frame that other instances may give to the platform. */
  peek(): Frame | undefined {
    const { bubble, screen, context: { options, clock } } = this
    if (!screen || this.isBubbleLost || (this.phase === 'done' && !bubble.finalFrame)) return
    if (!bubble.finalFrame && clock.monotonic() - this.turn.openedAt >= options.window) this.closeInTime()
    return bubble.peek()
  }

  /** @param isDelivered whether the final frame has reached the platform */
  confirmFinalFrame(isDelivered: boolean) {
    if (this.phase === 'handed-over' || this.phase === 'done') return
    this.bubble.confirmFinalFrame(isDelivered)
    if (isDelivered && this.phase === 'live') this.finish()
  }

  /** After a change, a bubble that was closed must be closed again. @returns whether the bubble is still in use */
  reopen(): boolean {
    if (this.phase !== 'live') return false
    this.bubble.finalFrame = undefined
    return true
  }

  /** The turn has ended. */
  end() {
    const { turn } = this
    if (this.phase === 'handed-over') return this.sendRemainder()
    if (this.phase !== 'live' || this.isFrozen) return
    const hasContent = turn.text || turn.images.length || turn.card || turn.cardButtons.length
    if (this.screen && (hasContent || this.bubble.isOpened)) void this.close()
    else if (hasContent) void this.send(turn.combined)
    else this.finish()
  }

  /** Says that the answer is interrupted. @returns whether the answer was sent as it stands */
  interrupt(): boolean {
    const { turn, bubble, context: { notices, fallback } } = this
    if (this.phase === 'sending') {
      if (bubble.isOpened) this.closeNow()
    } else if (this.phase === 'live' && this.screen) {
      if (bubble.isOpened && !turn.isEnded) this.handOver(notices.interrupted)
    } else if (this.phase !== 'done' && !turn.isEnded && fallback.isOpen(turn)) {
      const text = [bubble.remainder(), notices.interrupted].filter(isVisible).join('\n\n')
      void this.send({ ...turn.combined, text })
      return true
    }
    return false
  }

  /** Delivers a final frame that was not fetched, without waiting any longer. */
  deliverUnfetched() {
    if (this.phase === 'live' && this.turn.isEnded && this.isUnfinished) void this.deliverBubble()
  }

  /** The bubble can show nothing more: the answer is sent as a message when it is complete. */
  abandonBubble() {
    const { bubble } = this
    this.isBubbleLost = true
    bubble.confirmFinalFrame(false)
    // What it would have shown follows with the rest.
    if (this.phase === 'handed-over') bubble.shownText = ''
    if (this.phase === 'live' && bubble.finalFrame) void this.deliverBubble()
  }

  dispose() {
    this.isDisposed = true
    this.context.clock.clearTimeout(this.timer)
    this.screen?.dispose()
  }

  /** The time is over in which the bubble can change. */
  private closeInTime() {
    const { turn, context: { fallback, notices } } = this
    if (this.phase === 'sending') return this.closeNow()
    if (this.phase !== 'live') return
    this.isMorePromised = fallback.isOpen(turn)
    this.handOver(this.isMorePromised ? notices.later : notices.cutOff)
  }

  private windowEnded() {
    if (!this.bubble.finalFrame) this.closeInTime()
    this.scheduleLifetime()
  }

  /** Closes the bubble while the fallback delivery is at work. */
  private closeNow() {
    this.closeEarly?.()
    this.screen?.changed()
  }

  private scheduleLifetime() {
    const { options, clock } = this.context
    this.schedule(this.turn.openedAt + options.lifetime - clock.monotonic(), () => this.lifetimeEnded())
  }

  private lifetimeEnded() {
    const { turn, bubble, context: { log, notices } } = this
    log.timedOut(turn)
    // Without a connection, a pushed bubble may still be due.
    const isDue = this.screen?.isPushed && this.phase === 'live' && !bubble.finalFrame && !bubble.isOpened
    if (isDue && !inWords(turn.combined)) this.handOver(notices.silent)
    if (this.phase === 'handed-over' || (inWords(turn.combined) && !bubble.isFinalFrameSent)) this.events.ended()
    else this.events.forget()
  }

  private handOver(note: string) {
    this.phase = 'handed-over'
    this.bubble.closeUnfinished(note)
    if (this.isBubbleLost) this.bubble.shownText = ''
    this.screen?.changed()
  }

  /** Sends what the closed bubble did not show, or says that nothing follows if more was promised. */
  private sendRemainder() {
    const { turn, context: { fallback, notices } } = this
    const remainder = { ...turn.combined, text: this.bubble.remainder() }
    if (isVisible(inWords(remainder))) void this.send(remainder)
    else if (!this.isMorePromised || !fallback.isOpen(turn)) this.finish()
    else void this.send({ text: isVisible(turn.text) ? notices.complete : notices.silent })
  }

  /** Closes the bubble. What does not fit is delivered first, so that the final frame can tell the outcome. */
  private async close() {
    const { turn, bubble, context: { notices, options } } = this
    const { length } = turn.text
    if (bubble.fit(turn.text)[1]) {
      // Looked up here and not earlier: rendering a notice costs more than the rest of this method.
      const { continued } = notices
      // Reserve room for the longest note, so that the cut does not depend on the outcome.
      const room = [continued, notices.unconfirmed(length), notices.lost(length)].join('\n\n')
      this.closeEarly = () => bubble.close(continued, room)
      const outcome = await this.deliver({ text: bubble.fit(turn.text, room)[1] })
      this.phase = 'live'
      this.isFrozen = isDelivered(outcome)
      this.overflowNote = describeOutcome(outcome, '', notices)
      if (!bubble.isFinalFrameSent) bubble.close(describeOutcome(outcome, continued, notices), room)
    } else {
      bubble.close()
    }
    if (bubble.isFinalFrameDelivered) return this.finish()
    if (this.isBubbleLost) return this.deliverBubble()
    this.screen?.changed()
    if (!this.screen?.isPushed) this.schedule(options.unclaimed, () => void this.deliverBubble())
    this.events.progressed()
  }

  /** The final frame was not fetched: WeCom has stopped polling, or the chat was closed. Sends it as a message. */
  private async deliverBubble() {
    const { turn, bubble, context: { fallback, notices } } = this
    const shown = [bubble.shownText, this.overflowNote].filter(Boolean).join('\n\n')
    const { text, images, card, cardButtons: buttons } = turn
    const said = { text: this.isFrozen ? shown : text, images, card, buttons }
    // A bubble that can still be shown may be fetched late. A lost one has no other chance: the loss is logged.
    if (!isVisible(inWords(said)) || (!this.isBubbleLost && !fallback.isOpen(turn))) return this.retire()
    // A late poll must not show the answer a second time.
    const finalFrame = bubble.finalFrame
    bubble.finalFrame = undefined
    this.closeEarly = () => bubble.closeWith(notices.elsewhere)
    if (this.screen?.takeBack) {
      this.phase = 'sending'
      if (!await this.screen.takeBack()) {
        bubble.finalFrame = finalFrame
        return this.finish()
      }
    }
    const outcome = await this.deliver(said)
    if (isDelivered(outcome)) {
      bubble.closeWith(describeOutcome(outcome, notices.elsewhere, notices))
      this.screen?.giveBack?.()
      this.finish()
    } else {
      this.phase = 'live'
      if (!bubble.isFinalFrameSent) bubble.finalFrame = finalFrame
      this.screen?.giveBack?.()
      this.retire()
      this.events.progressed()
    }
  }

  private async send(said: Said) {
    await this.deliver(said)
    this.finish()
  }

  /** Enters `sending`; the caller decides how the turn continues. */
  private async deliver(said: Said): Promise<DeliveryOutcome> {
    const { turn, screen, context: { fallback, log } } = this
    this.phase = 'sending'
    // Another instance has taken over, and delivers.
    if (screen?.isOwn && !await screen.isOwn()) return { total: 0, lost: 0, unconfirmed: 0 }
    return fallback.deliver(turn, said, error => log.deliveryFailed(turn, error))
  }

  private finish() {
    this.phase = 'done'
    this.screen?.delivered?.()
    this.retire()
    this.events.progressed()
  }

  private retire() {
    this.schedule(this.context.options.retention, () => this.events.forget())
  }

  private schedule(delay: number, callback: () => void) {
    // A delivery may end after the turn was disposed of.
    if (this.isDisposed) return
    this.context.clock.clearTimeout(this.timer)
    this.timer = this.context.clock.setTimeout(callback, delay)
  }
}
