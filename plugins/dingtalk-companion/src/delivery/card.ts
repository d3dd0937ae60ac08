import { randomUUID } from 'node:crypto'
import { LatestState } from 'common/streaming'
import type { Clock } from 'common/time'
import type { DingtalkError } from '../api/error'
import type { Chat } from '../api/stock-bot'
import { frameGap } from '../config'
import type { StreamingMode } from '../config'
import { CardFrames } from './card-frames'
import type { CardFramesOptions, CardLook } from './card-frames'
import type { MarkdownSender } from './markdown-sender'

/** A card that gets no text for this long is closed as failed. */
export const CARD_WATCHDOG_MS = 600_000

/** Pause after a frame that failed: DingTalk was asked too often, or cannot be reached. */
const FAILED_FRAME_PAUSE_MS = 1500

export interface CardOptions extends CardFramesOptions {
  chat: Chat
  /** Sends what does not fit into the card. */
  sender: Pick<MarkdownSender, 'send'>
  template: string
  mode: StreamingMode
  clock: Clock
  /** Note below a text that was cut off. */
  notice: string
  /** Milliseconds that the text was held back already: its first frame comes so much earlier. */
  heldMs?: number
  /** Called when the card was closed by its watchdog. */
  expired?(): void
}

/**
 * An AI card that grows with its text. Every card is closed in the end, because an open one shows a spinner for ever:
 * by `end`, by `abandon`, by the watchdog, or, after a crash, from the stored row. Text that does not fit into the card
 * follows as messages.
 * @see https://open.dingtalk.com/document/orgapp/create-and-deliver-cards
 */
export class Card extends LatestState {
  readonly outTrackId = randomUUID()
  /** The newest status and text that were dealt with. */
  private doneStatus = ''
  private doneText = ''
  private touchedAt: number
  private frameCount = 0
  private isCreated = false
  /** No more frames before the last one. */
  private frozen = false
  private ending?: Promise<void>
  private readonly opening: Promise<void>
  private readonly frames: CardFrames

  /** @param enqueue runs a task when the earlier messages of the chat have been sent */
  constructor(private readonly options: CardOptions, enqueue: (task: () => Promise<void>) => Promise<void>) {
    super()
    this.touchedAt = options.clock.monotonic()
    this.frames = new CardFrames(options, this.outTrackId)
    this.opening = enqueue(() => this.create())
  }

  /** Whether the card, or the request for it, is there and not closed. */
  get isOpen(): boolean {
    return !this.ending && !(this.frozen && !this.isCreated)
  }

  /**
   * Closes the card with its whole text.
   * @throws {DingtalkError} when part of the text could not be sent
   */
  end(text: string, look: Exclude<CardLook, 'typing'>): Promise<void> {
    return this.ending ??= this.close(text, look)
  }

  /**
   * Closes the card with the newest text and the notice, because no more text is expected.
   * @throws {DingtalkError} when part of the text could not be sent
   */
  abandon(look: Exclude<CardLook, 'typing'> = 'finished'): Promise<void> {
    return this.ending ??= this.close(this.newestText, look, this.options.notice)
  }

  protected get isDue() {
    const { doneStatus, doneText, finished, frameCount, newestStatus, newestText, options: { mode } } = this
    if (!this.isCreated || finished.signal.aborted || this.frozen) return false
    if (newestText) return newestText !== doneText && frameGap(mode, frameCount) !== undefined
    // In economy mode one frame has to do for all status lines.
    return newestStatus !== doneStatus && (mode === 'live' || !doneStatus)
  }

  protected override begin() {
    this.touchedAt = this.options.clock.monotonic()
    super.begin()
  }

  protected async step() {
    if (!this.newestText) {
      this.doneStatus = this.newestStatus
      await this.attempt(() => this.frames.showStatus(this.doneStatus).then(() => true))
      return true
    }
    const { clock, heldMs = 0, mode } = this.options
    const gap = frameGap(mode, this.frameCount)! - (this.frameCount ? 0 : heldMs)
    if (gap > 0) await clock.sleep(gap, this.finished.signal)
    const { newestText: text } = this
    if (this.isDue && await this.attempt(() => this.frames.showText(text))) this.doneText = text
    return true
  }

  private async create() {
    const { api, chat, template, key, store, notice } = this.options
    if (this.finished.signal.aborted) return
    // Stored first: a card that is not stored could not be closed after a crash.
    await store.add({ outTrackId: this.outTrackId, app: api.app.id, key, notice })
    try {
      await api.createCard(chat, this.outTrackId, template, key)
      this.isCreated = true
    } catch (error) {
      // After a lost connection the card may exist: the last frame will tell.
      this.isCreated = (error as DingtalkError).code === 'dingtalk/connection-failed'
      this.frozen = true
      if (!this.isCreated) await store.remove(this.outTrackId)
    }
    if (!this.isCreated) return
    void this.watch()
    this.begin()
  }

  /** @param showFrame resolves to whether there was a new frame @returns whether it succeeded */
  private async attempt(showFrame: () => Promise<boolean>): Promise<boolean> {
    try {
      if (await showFrame()) this.frameCount++
      return true
    } catch (error) {
      this.frozen = !(error as DingtalkError).isTransient
      if (!this.frozen) await this.options.clock.sleep(FAILED_FRAME_PAUSE_MS, this.finished.signal)
      return false
    }
  }

  private async close(text: string, look: Exclude<CardLook, 'typing'>, notice?: string) {
    await this.opening
    await this.halt()
    const { sender, store } = this.options
    const whole = [text, notice].filter(Boolean).join('\n\n')
    let end = 0
    if (this.isCreated) {
      end = await this.frames.close(whole, look)
      if (this.frames.isLeftOpen) store.leave(this.outTrackId)
      else await store.remove(this.outTrackId)
    }
    await sender.send(whole, end)
  }

  private async watch() {
    const { clock } = this.options
    for (;;) {
      const end = this.touchedAt + CARD_WATCHDOG_MS
      if (clock.monotonic() >= end) {
        if (this.ending) return
        this.options.expired?.()
        return void await this.abandon('failed').catch(() => {})
      }
      await clock.sleep(end - clock.monotonic(), this.finished.signal)
      // A disposed clock does not wait.
      if (this.finished.signal.aborted || clock.monotonic() < end - 1000) return
    }
  }
}
