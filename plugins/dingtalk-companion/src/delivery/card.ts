import { randomUUID } from 'node:crypto'
import type { Clock } from '../../../gemini-chat/src/util/clock'
import type { Delivery } from '../../../gemini-chat/src/delivery/target'
import { Growth } from '../../../gemini-chat/src/delivery/latest-state'
import type { Place } from '../api/stock-bot'
import { Face } from './card-frames'
import type { FaceOptions, State } from './card-frames'
import type { MarkdownDelivery } from './markdown-sender'
import { gapOf } from '../../../gemini-chat/src/dingtalk/pace'
import type { Pace } from '../../../gemini-chat/src/dingtalk/pace'
import type { Refusal } from '../api/error'

/** A card that nobody writes to for so long is given up. */
const PATIENCE = 600_000

export interface CardOptions extends FaceOptions {
  place: Place
  /** Takes what the card does not. */
  messages: Pick<MarkdownDelivery, 'send'>
  template: string
  pace: Pace
  clock: Clock
  /** What stands below an answer that was cut off. */
  notice: string
}

/**
 * An AI card that is written as the answer grows, and always ended: people see an open one spin for ever.
 *
 * Frames that fail do no harm, for each holds the whole text. What the card cannot take in the end follows as messages.
 */
export class CardDelivery extends Growth implements Delivery {
  readonly outTrackId = randomUUID()
  /** The newest line that was dealt with. */
  private held = ''
  /** The newest text that was dealt with. */
  private seen = ''
  private touched: number
  private frames = 0
  private opened = false
  /** No more frames before the last. */
  private frozen = false
  private ending?: Promise<number>
  private readonly face: Face

  constructor(private readonly options: CardOptions) {
    super()
    this.touched = options.clock.now()
    this.face = new Face(options, this.outTrackId)
  }

  get isOpen(): boolean {
    return !this.ending && (this.opened || !!this.work)
  }

  async finish(text: string, failed = false) {
    if (!this.ending) return void await this.end(text, failed ? 'failed' : 'finished')
    // It was given up before the answer was.
    const { messages, notice } = this.options
    const end = await this.ending
    if (text.slice(end).trim() !== notice) await messages.send(text, end)
  }

  /** Ends the card as it is, because nobody will write to it any more. */
  async abandon(state: State = 'finished') {
    if (!this.ending && (this.opened || this.work)) await this.end(this.latest, state, this.options.notice)
  }

  protected get isDue() {
    const { frozen, frames, held, latest, line, options: { pace }, finished } = this
    if (finished.signal.aborted || frozen) return false
    if (latest) return latest !== this.seen && gapOf(pace, frames) !== undefined
    // Where frames are few, one of them is enough to say that there will be an answer.
    return line !== held && (pace === 'live' || !held)
  }

  protected override begin() {
    this.touched = this.options.clock.now()
    super.begin()
  }

  protected async step() {
    if (!this.opened) {
      await this.open()
    } else if (!this.latest) {
      this.held = this.line
      await this.attempt(() => this.face.hold(this.held).then(() => true))
    } else {
      await this.options.clock.sleep(gapOf(this.options.pace, this.frames)!, this.finished.signal)
      const { latest } = this
      if (this.isDue && await this.attempt(() => this.face.grow(latest))) this.seen = latest
    }
    return true
  }

  private async open() {
    const { api, place, template, key, cards, notice } = this.options
    // Written down first: a card that nobody remembers could never be closed.
    await cards.add(this, { outTrackId: this.outTrackId, app: api.app.id, key, notice })
    try {
      await api.createCard(place, this.outTrackId, template, key)
      this.opened = true
      void this.watch()
    } catch (error) {
      this.frozen = true
      // It may be there all the same. The last frame will tell.
      this.opened = (error as Refusal).kind === 'network'
      if (!this.opened) await cards.remove(this)
    }
  }

  /** @param task says whether there was a new frame @returns whether it could be done */
  private async attempt(task: () => Promise<boolean>): Promise<boolean> {
    try {
      if (await task()) this.frames++
      return true
    } catch (error) {
      // Too fast, or lost on the way: the next one makes up for it.
      const { isPassing, kind } = error as Refusal
      this.frozen = !isPassing
      if (kind === 'qps') await this.options.clock.sleep(1500, this.finished.signal)
      return false
    }
  }

  private end(text: string, state: State, notice?: string) {
    return this.ending = this.close(text, state, notice)
  }

  /** @returns how much of the answer was delivered */
  private async close(text: string, state: State, notice?: string): Promise<number> {
    await this.halt()
    const { messages, cards } = this.options
    const whole = [text, notice].filter(Boolean).join('\n\n')
    let end = 0
    if (this.opened) {
      end = await this.face.complete(whole, state)
      await cards.remove(this, this.face.isLost)
    }
    await messages.send(whole, end)
    return text.length
  }

  /** Gives the card up when the answer has stopped growing for too long. */
  private async watch() {
    const { clock } = this.options
    for (;;) {
      const end = this.touched + PATIENCE
      if (clock.now() >= end) return void await this.abandon('failed').catch(() => {})
      await clock.sleep(end - clock.now(), this.finished.signal)
      // The clock stops with the plugin.
      if (this.finished.signal.aborted || clock.now() < end - 1000) return
    }
  }
}
