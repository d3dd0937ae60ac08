import { randomUUID } from 'node:crypto'
import { draft } from '../../../gemini-chat/src/delivery/partial-markdown'
import { cut, pageText } from '../../../gemini-chat/src/delivery/split'
import type { Api } from '../api/api'
import type { Frame } from '../api/stock-bot'
import type { Refusal } from '../api/error'
import type { OpenCards } from '../storage/open-cards'
import { toCard } from '../render/markdown'

/** What every card takes, after it has refused more. */
const SURE = 3000

export type State = 'typing' | 'finished' | 'failed'

export interface FaceOptions {
  api: Api
  key: string
  cards: OpenCards
}

/** What a card shows. Each frame holds the whole text. */
export class Face {
  /** It could not be ended, but may be later. */
  isLost = false
  /** How much of the answer the card shows, and what was sent for it. */
  private shown = ''
  private frame = ''
  private tooLarge = false

  constructor(private readonly options: FaceOptions, private readonly outTrackId: string) {}

  /**
   * Shows as much of an unfinished text as can be shown.
   * @returns whether that was a new frame
   * @throws {Refusal}
   */
  async grow(text: string): Promise<boolean> {
    const { length, suffix } = draft(text)
    const frame = text.slice(0, length) + suffix
    const isNew = frame !== this.frame
    if (isNew) {
      // Written down first, so that whoever has to end it shows no less than it did.
      await this.options.cards.update(this.outTrackId, frame)
      await this.show(toCard(frame), 'typing').catch((refusal: Refusal) => {
        this.tooLarge ||= refusal.kind === 'large'
        throw refusal
      })
      this.frame = frame
    }
    this.shown = text.slice(0, length)
    return isNew
  }

  /**
   * Shows a line while there is no answer. Whoever has to end the card leaves it out.
   * @throws {Refusal}
   */
  async hold(line: string) {
    await this.show(toCard(line), 'typing')
  }

  /** Ends the card. @returns how much of the text it shows now */
  async complete(text: string, state: State): Promise<number> {
    let limit = SURE
    let part = this.tooLarge ? this.fitting(text, limit) : { end: text.length, frame: text }
    for (;;) {
      try {
        await this.show(toCard(part.frame), state)
        return part.end
      } catch (error) {
        const { kind, mayPass } = error as Refusal
        this.isLost = mayPass
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
}
