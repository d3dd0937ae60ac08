import { randomUUID } from 'node:crypto'
import type { Clock } from '../../clock'
import type { Delivery } from '../delivery'
import { draft } from '../draft'
import { cut, pageText } from '../split'
import type { Api } from './api'
import type { Frame, Place } from './bot'
import type { MarkdownDelivery } from './message'
import { gapOf, type Pace } from './pace'
import type { Refusal, RefusalKind } from './refusal'
import type { OpenCards } from './store'
import { toCard } from './text'

/** A card that nobody writes to for so long is given up. */
const PATIENCE = 600_000

/** What every card takes, after it has refused more. */
const SURE = 3000

export interface CardOptions {
  api: Api
  place: Place
  /** Takes what the card does not. */
  messages: Pick<MarkdownDelivery, 'send'>
  template: string
  key: string
  pace: Pace
  clock: Clock
  cards: OpenCards
  /** What stands below an answer that was cut off. */
  notice: string
}

/** What passes by itself. */
const passing = new Set<RefusalKind>(['qps', 'network', 'unsent'])

type State = 'typing' | 'finished' | 'failed'

/**
 * An AI card that is written as the answer grows, and always ended: people see an open one spin for ever.
 *
 * Frames that fail do no harm, for each holds the whole text. What the card cannot take in the end follows as messages.
 */
export class CardDelivery implements Delivery {
  readonly outTrackId = randomUUID()
  private latest = ''
  /** The newest text that was dealt with. */
  private seen = ''
  private touched: number
  /** How much of the answer the card shows, and what was sent for it. */
  private shown = ''
  private frame = ''
  private frames = 0
  private opened = false
  /** No more frames before the last. */
  private frozen = false
  private tooLarge = false
  /** It could not be ended, but may be later. */
  private isLost = false
  private work?: Promise<void>
  private ending?: Promise<number>
  private readonly finished = new AbortController()

  constructor(private readonly options: CardOptions) {
    this.touched = options.clock.now()
  }

  update(text: string) {
    this.latest = text
    this.touched = this.options.clock.now()
    if (!this.work && this.isDue) this.work = this.run()
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

  private get isDue() {
    const { frozen, frames, options: { pace }, finished } = this
    return !finished.signal.aborted && !frozen && this.latest !== this.seen && gapOf(pace, frames) !== undefined
  }

  private async run() {
    if (!this.opened) await this.open()
    while (this.isDue) {
      await this.options.clock.sleep(gapOf(this.options.pace, this.frames)!, this.finished.signal)
      if (this.isDue) await this.grow(this.latest)
    }
    this.work = undefined
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

  private async grow(text: string) {
    const { length, suffix } = draft(text)
    const frame = text.slice(0, length) + suffix
    if (frame !== this.frame) {
      try {
        // Written down first, so that whoever has to end it shows no less than it did.
        await this.options.cards.update(this, frame)
        await this.show(toCard(frame), 'typing')
      } catch (error) {
        return await this.stumble(error as Refusal)
      }
      this.frame = frame
      this.frames++
    }
    this.shown = text.slice(0, length)
    this.seen = text
  }

  /** A frame was refused. Too fast, or lost on the way: the next one makes up for it. */
  private async stumble({ kind }: Refusal) {
    this.frozen = !passing.has(kind)
    this.tooLarge ||= kind === 'large'
    if (kind === 'qps') await this.options.clock.sleep(1500, this.finished.signal)
  }

  private async show(content: string, state: State) {
    const { api, key } = this.options
    const frame: Frame = {
      outTrackId: this.outTrackId,
      guid: randomUUID(),
      key,
      content,
      isFull: true,
      isFinalize: state === 'finished',
      isError: state === 'failed',
    }
    await api.stream(frame, state !== 'typing')
  }

  private end(text: string, state: State, notice?: string) {
    return this.ending = this.close(text, state, notice)
  }

  /** @returns how much of the answer was delivered */
  private async close(text: string, state: State, notice?: string): Promise<number> {
    this.finished.abort()
    await this.work
    const { messages, cards } = this.options
    const whole = [text, notice].filter(Boolean).join('\n\n')
    let end = 0
    if (this.opened) {
      end = await this.complete(whole, state)
      await cards.remove(this, this.isLost)
    }
    await messages.send(whole, end)
    return text.length
  }

  /** @returns how much of the text the card shows now */
  private async complete(text: string, state: State): Promise<number> {
    let limit = SURE
    let part = this.tooLarge ? this.fitting(text, limit) : { end: text.length, frame: text }
    for (;;) {
      try {
        await this.show(toCard(part.frame), state)
        return part.end
      } catch (error) {
        const { kind } = error as Refusal
        this.isLost = passing.has(kind) || kind === 'count' || kind === 'banned'
        if (kind !== 'large' || limit < 100) return text.startsWith(this.shown) ? this.shown.length : 0
        if (this.tooLarge) limit /= 2
        this.tooLarge = true
        part = this.fitting(text, limit)
      }
    }
  }

  /** What the card has taken already, or will surely take. */
  private fitting(text: string, limit: number) {
    const { frame, shown } = this
    if (shown && limit === SURE && text.startsWith(shown)) return { end: shown.length, frame }
    const page = cut(text, 0, limit)
    return { end: page.end, frame: pageText(text, page) }
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
