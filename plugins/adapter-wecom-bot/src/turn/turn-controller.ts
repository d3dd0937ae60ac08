import type { Delivery } from './delivery'
import { account, deliver, isOut } from './delivery'
import { TurnEnd } from './turn-end'
import type { TurnContext } from './turn-options'
import type { Frame } from '../protocol/reply'
import { Bubble, isVisible } from './bubble'
import type { Turn } from './turn'
import type { Said } from '../render/said'
import { inWords } from '../render/said'

/** The course of one turn: what its bubble is given when, and what goes out on another way. It has one timer. */
export class TurnController {
  /**
   * `live`: the stream says what there is. `sending`: another way out is at work, the stream waits for how it ends.
   * `handed-over`: the stream had to close, the answer goes on. `done`: everything said has been delivered.
   */
  private phase: 'live' | 'sending' | 'handed-over' | 'done' = 'live'
  /** The closing frame says that more will follow. */
  private promised = false
  /** What did not fit has left on another way: nothing that is shown may move any more. */
  private frozen = false
  /** Says what of it nobody got. */
  private missing = ''
  /** Closes the stream while another way out is still at work. */
  private close?: () => void
  private timer: unknown
  private stopped = false
  private readonly stream: Bubble
  readonly ending: TurnEnd

  /** @param streaming `false` where the reply to the callback cannot be a stream */
  constructor(readonly turn: Turn, readonly streaming: boolean, readonly shared: TurnContext) {
    const { policy, notices, log, clock } = shared
    this.stream = new Bubble(turn, policy.placeholder, notices)
    this.ending = new TurnEnd(turn, clock)
    if (!streaming || !policy.cards) turn.putButtonsInWords()
    turn.onEnd = () => this.ended()
    this.wait(policy.lifetime, () => {
      log.timedOut(turn)
      if (this.phase === 'handed-over' || (inWords(turn.whole) && !this.stream.isClosing)) this.ended()
      else shared.forget(turn)
    })
  }

  /** Something can still be written where it is read. */
  get isOpen() {
    return this.phase !== 'done' && !this.turn.ended
  }

  /** A bubble is open that was not told its end. */
  get isUnfinished() {
    return this.stream.isUnfinished && this.phase !== 'done'
  }

  /** Another way out is at work. */
  get isSending() {
    return this.phase === 'sending'
  }

  /** What the platform is to show now; `undefined` where the turn has no bubble and needs none. */
  frame(): Frame | undefined {
    const { policy, notices, outlet, clock } = this.shared
    const stream = this.stream
    if (!this.streaming || (this.phase === 'done' && !stream.closed)) return
    if (!stream.closed && clock.now() - this.turn.openedAt >= policy.window) {
      if (this.phase === 'sending') {
        this.close?.()
      } else {
        this.promised = outlet.isOpen(this.turn)
        this.handOver(this.promised ? notices.later : notices.cutOff)
      }
    }
    return stream.frame()
  }

  /** Whether the closing frame has reached the platform. */
  fetched(arrived: boolean) {
    if (this.phase === 'handed-over' || this.phase === 'done') return
    this.stream.arrived(arrived)
    if (arrived && this.phase === 'live') this.finished()
  }

  /** @see Turns.say */
  async say(said: Said): Promise<string | undefined> {
    if (!this.isWritable) return void await this.shared.outlet.send(this.turn, said)
    const id = this.turn.say(said)
    this.reopen()
    return id
  }

  /** Makes a change to what was said. @returns whether it could still be made */
  change(make: (turn: Turn) => boolean): boolean {
    if (!this.isWritable || !make(this.turn)) return false
    this.reopen()
    return true
  }

  /** The process is about to end: tells whoever waits for an answer, in the bubble where that is possible. */
  interrupt() {
    const { turn, shared: { notices, outlet } } = this
    if (this.phase === 'sending') {
      if (this.stream.isOpened) this.close?.()
    } else if (this.phase === 'live' && this.streaming) {
      if (this.stream.isOpened && !turn.ended) this.handOver(notices.interrupted)
    } else if (this.phase !== 'done' && !turn.ended && outlet.isOpen(turn)) {
      const text = [this.stream.rest(), notices.interrupted].filter(isVisible).join('\n\n')
      void this.send({ ...turn.whole, text })
      // A reply that waits for the answer can go now.
      this.ending.come()
    }
  }

  /** Nobody has come for the last frame, and soon nobody can: it takes another way at once. */
  abandon() {
    if (this.phase === 'live' && this.turn.ended && this.isUnfinished) void this.claim()
  }

  /** Nothing of it moves any more. */
  stop() {
    this.stopped = true
    this.shared.clock.clearTimeout(this.timer)
    this.ending.stop()
  }

  /** Whether what was said can still be changed: the platform does not have it for good. */
  private get isWritable(): boolean {
    return this.phase === 'handed-over' || (this.phase === 'live' && !this.stream.isClosing && !this.frozen)
  }

  /** After a change, a stream that was closed already must be closed anew. */
  private reopen() {
    if (this.phase !== 'live') return
    this.stream.closed = undefined
    if (this.turn.ended) this.ended()
  }

  private handOver(note: string) {
    this.phase = 'handed-over'
    this.stream.handOver(note)
  }

  private ended() {
    const { turn, shared } = this
    const phase = this.phase
    shared.ended(turn)
    if (phase === 'handed-over') {
      this.follow()
    } else if (phase === 'live' && !this.frozen) {
      const said = turn.text || turn.images.length || turn.card || turn.cardButtons.length
      if (this.streaming && (said || this.stream.isOpened)) void this.finish()
      else if (said) void this.send(turn.whole)
      else this.finished()
    }
    this.ending.come()
  }

  /** Sends what could not be read yet when the stream had to close; who was told of more is not left waiting. */
  private follow() {
    const { turn, shared: { outlet, notices } } = this
    const rest = { ...turn.whole, text: this.stream.rest() }
    if (isVisible(inWords(rest))) void this.send(rest)
    else if (!this.promised || !outlet.isOpen(turn)) this.finished()
    else void this.send({ text: isVisible(turn.text) ? notices.complete : notices.silent })
  }

  /** Closes the stream; what does not fit goes out first, so that the last frame can say truly what became of it. */
  private async finish() {
    const { turn, shared: { notices, policy } } = this
    const stream = this.stream
    const { length } = turn.text
    if (stream.fit(turn.text)[1]) {
      // Not before: looking a sentence up costs more than all else that is done here.
      const { continued } = notices
      // Room for whatever has to be said below, so that the place where the text is cut does not depend on it.
      const room = [continued, notices.unconfirmed(length), notices.lost(length)].join('\n\n')
      this.close = () => stream.finish(continued, room)
      const delivery = await this.deliver({ text: stream.fit(turn.text, room)[1] })
      this.phase = 'live'
      this.frozen = isOut(delivery)
      this.missing = account(delivery, '', notices)
      // It may have been closed in the meantime, but hardly been read.
      if (!stream.isClosing) stream.finish(account(delivery, continued, notices), room)
    } else {
      stream.finish()
    }
    if (stream.isFetched) this.finished()
    else this.wait(policy.unclaimed, () => void this.claim())
  }

  /** Nobody fetched the last frame: WeCom has stopped polling, or the chat was closed. */
  private async claim() {
    const { turn, shared: { outlet, notices } } = this
    const stream = this.stream
    const shown = [stream.shown, this.missing].filter(Boolean).join('\n\n')
    const { text, images, card, cardButtons: buttons } = turn
    const said = { text: this.frozen ? shown : text, images, card, buttons }
    if (!isVisible(inWords(said)) || !outlet.isOpen(turn)) return this.retire()
    // A poll that comes after all must not show the answer a second time.
    const last = stream.closed
    stream.closed = undefined
    this.close = () => stream.redirect()
    const delivery = await this.deliver(said)
    if (isOut(delivery)) {
      stream.redirect(account(delivery, notices.elsewhere, notices))
      this.finished()
    } else {
      this.phase = 'live'
      if (!stream.isClosing) stream.closed = last
      this.retire()
    }
  }

  private async send(said: Said) {
    await this.deliver(said)
    this.finished()
  }

  private finished() {
    this.phase = 'done'
    this.retire()
  }

  /** Lets another way out do its work; how the turn goes on then is the caller's to say. */
  private deliver(said: Said): Promise<Delivery> {
    const { turn, shared: { outlet, log } } = this
    this.phase = 'sending'
    return deliver(outlet, turn, said, error => log.deliveryFailed(turn, error))
  }

  private retire() {
    this.wait(this.shared.policy.retention, () => this.shared.forget(this.turn))
  }

  private wait(delay: number, callback: () => void) {
    // A way out may have been at work when all was disposed of.
    if (this.stopped) return
    this.shared.clock.clearTimeout(this.timer)
    this.timer = this.shared.clock.setTimeout(callback, delay)
  }
}
