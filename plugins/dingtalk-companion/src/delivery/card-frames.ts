import { randomUUID } from 'node:crypto'
import { DialectWriter } from 'common/dialect'
import { BlockScanner, cut, draft, pageText } from 'common/markdown'
import type { Clock } from 'common/time'
import type { DingtalkApi } from '../api/api'
import type { DingtalkError } from '../api/error'
import { SAFE_CARD_BYTES } from '../api/limits'
import { cardDialect } from '../render/dialect'
import type { OpenCardStore } from '../storage/open-cards'
import { callGapOf, showEnd } from './card-template'
import type { CardLook, CardTemplate } from './card-template'

/** A card with less text than this is not worth another try. */
const MIN_CARD_BYTES = 100

export interface CardFramesOptions {
  api: DingtalkApi
  template: CardTemplate
  clock: Clock
  store: OpenCardStore
  /** Characters that the card may show; what follows is not shown. Unlimited by default. */
  maxCharacters?: number
}

/** What a card shows of a text. */
interface CardPart {
  /** How much of the text that is, in characters. */
  end: number
  frame: string
}

/**
 * The frames of one card. Each frame holds the whole text, so a lost frame does no harm.
 * @see https://open.dingtalk.com/document/orgapp/api-streamingupdate
 */
export class CardFrames {
  /** The card could not be closed, but it may be possible later. */
  isLeftOpen = false
  /** The part of the text that the card shows, and the frame that was sent for it. */
  private shown = ''
  private frame = ''
  private tooLarge = false
  private readonly scanner = new BlockScanner()
  private readonly writer = new DialectWriter(cardDialect)
  /** When the latest call for the card ended. */
  private calledAt = -Infinity

  constructor(private readonly options: CardFramesOptions, private readonly outTrackId: string) {}

  /**
   * Shows as much of an unfinished text as can be shown without broken markup.
   * @returns whether that took a frame
   * @throws {DingtalkError}
   */
  async showText(text: string): Promise<boolean> {
    const { end, frame } = this.visible(text) ?? this.whole(text)
    const isNew = frame !== this.frame
    if (isNew) {
      // Stored before it is shown: closing the card after a crash must not take text away.
      await this.options.store.update(this.outTrackId, frame)
      await this.send(this.writer.write(frame), 'typing').catch((error: DingtalkError) => {
        this.tooLarge ||= error.code === 'dingtalk/content-too-large'
        throw error
      })
      this.frame = frame
    }
    this.shown = text.slice(0, end)
    return isNew
  }

  /**
   * Shows a line while there is no text. It is not stored: closing the card after a crash removes it.
   * @throws {DingtalkError}
   */
  async showStatus(line: string) {
    await this.send(this.writer.write(line), 'typing')
  }

  /** Closes the card. It never throws. @returns how much of the text the card shows, in characters */
  async close(text: string, look: Exclude<CardLook, 'typing'>): Promise<number> {
    let limit = SAFE_CARD_BYTES
    let part = this.tooLarge ? this.fitting(text, limit) : this.visible(text) ?? { end: text.length, frame: text }
    for (;;) {
      try {
        await this.send(this.writer.write(part.frame), look)
        await this.showEnd(part.frame, look)
        return part.end
      } catch (error) {
        const { code, isTemporary } = error as DingtalkError
        this.isLeftOpen = isTemporary
        if (code !== 'dingtalk/content-too-large' || limit < MIN_CARD_BYTES) {
          return text.startsWith(this.shown) ? this.shown.length : 0
        }
        if (this.tooLarge) limit /= 2
        this.tooLarge = true
        part = this.fitting(text, limit)
      }
    }
  }

  /** The beginning of a text that is longer than the card may show. */
  private visible(text: string): CardPart | undefined {
    const { maxCharacters = Infinity } = this.options
    if (text.length <= maxCharacters) return
    const page = cut(text, 0, Buffer.byteLength(text.slice(0, maxCharacters)))
    return { end: page.end, frame: pageText(text, page) }
  }

  /** An unfinished text, as far as it can be shown without broken markup. */
  private whole(text: string): CardPart {
    const { length, suffix } = draft(text, this.scanner)
    return { end: length, frame: text.slice(0, length) + suffix }
  }

  /** What the card has taken already, or is known to take. */
  private fitting(text: string, limit: number): CardPart {
    const { frame, shown } = this
    if (shown && limit === SAFE_CARD_BYTES && text.startsWith(shown)) return { end: shown.length, frame }
    const page = cut(text, 0, limit)
    return { end: page.end, frame: pageText(text, page) }
  }

  /** Where that fails, the whole text is readable, but the card still looks as if it grew. */
  private async showEnd(frame: string, look: CardLook) {
    const { outTrackId, options: { api, store, template } } = this
    try {
      await this.paced(() => showEnd(api, outTrackId, template, { look, text: this.writer.write(frame) }))
      this.isLeftOpen = false
    } catch (error) {
      this.isLeftOpen = (error as DingtalkError).isTemporary
      await store.complete(outTrackId, frame)
    }
  }

  private async send(content: string, look: CardLook) {
    const { api, template: { key } } = this.options
    await this.paced(() => api.updateCard({
      outTrackId: this.outTrackId,
      guid: randomUUID(),
      key,
      content,
      isFull: true,
      isFinalize: look === 'finished',
      isError: look === 'failed',
    }, look !== 'typing'))
  }

  /** Makes a call, not too soon after the one before. */
  async paced<T>(call: () => Promise<T>): Promise<T> {
    const { clock, template } = this.options
    const waitMs = this.calledAt + callGapOf(template) - clock.monotonic()
    if (waitMs > 0) await clock.sleep(waitMs)
    try {
      return await call()
    } finally {
      this.calledAt = clock.monotonic()
    }
  }
}
