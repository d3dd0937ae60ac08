import { randomUUID } from 'node:crypto'
import { LatestState } from 'common/streaming'
import type { DingtalkError } from '../api/error'
import type { Chat } from '../api/stock-bot'
import { frameGap } from '../config'
import type { StreamingMode } from '../config'
import { buttonsParam } from './card-buttons'
import type { MessageButton } from './card-buttons'
import { CardFrames } from './card-frames'
import type { CardFramesOptions } from './card-frames'
import { paramsOf } from './card-template'
import type { CardLook } from './card-template'
import type { SentTexts } from '../storage/recent-messages'
import type { MarkdownSender } from './markdown-sender'
import type { Mention } from './mention'

/** A card that gets no text for this long is closed as failed. */
export const CARD_WATCHDOG_MS = 600_000

/** How long an answer that is ready waits for its card. */
const OPENING_GRACE_MS = 3000

/** Pause after a frame that failed: DingTalk was asked too often, or cannot be reached. */
const FAILED_FRAME_PAUSE_MS = 1500

export interface CardOptions extends CardFramesOptions {
  chat: Chat
  /** Sends what does not fit into the card. */
  sender: Pick<MarkdownSender, 'send'>
  sent: SentTexts
  /** Whom the card mentions. */
  mention?: Mention
  mode: StreamingMode
  /** Note below a text that was cut off. */
  notice: string
  /** Text of a card that came after its answer had been sent as a message. */
  late: string
  buttons?: readonly MessageButton[]
  /** Milliseconds that the text was held back already: its first frame comes so much earlier. */
  heldMs?: number
  /** Called when the card is there. */
  heard?(): void
  /** Called when the card could not be closed, but may be later. */
  leftOpen?(): void
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
  /** By which DingTalk names the card in a message that quotes it. */
  private messageKey?: string
  /** No more frames before the last one. */
  private frozen = false
  private ending?: Promise<void>
  private readonly opening: Promise<void>
  /** Resolves when an answer no longer waits for the card. */
  private readonly givenUp: Promise<void>
  private giveUp = () => {}
  private isGivenUp = false
  private hurryTimer: unknown
  private readonly frames: CardFrames

  /** @param enqueue runs a task when the earlier messages of the chat have been sent */
  constructor(private readonly options: CardOptions, enqueue: (task: () => Promise<void>) => Promise<void>) {
    super()
    this.touchedAt = options.clock.monotonic()
    this.givenUp = new Promise((resolve) => { this.giveUp = resolve })
    this.frames = new CardFrames(options, this.outTrackId)
    // Messages that follow do not wait for a card that is given up.
    this.opening = enqueue(() => Promise.race([this.create(), this.givenUp]))
  }

  /** Whether the card, or the request for it, is there and not closed. */
  get isOpen(): boolean {
    return !this.ending && !(this.frozen && !this.isCreated)
  }

  /** The whole text is there: a card that is not there within a few seconds is given up. */
  hurry() {
    if (this.isCreated || this.frozen || this.hurryTimer !== undefined) return
    const { clock } = this.options
    this.hurryTimer = clock.setTimeout(() => {
      if (this.isCreated) return
      this.isGivenUp = this.frozen = true
      this.giveUp()
    }, OPENING_GRACE_MS)
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
    const { api, buttons, chat, template, mention, store, notice } = this.options
    if (this.finished.signal.aborted || this.isGivenUp) return
    const asker = chat.isDirect ? undefined : mention?.asker
    // Stored first: a card that is not stored could not be closed after a crash.
    await store.add({ outTrackId: this.outTrackId, app: api.app.id, template: template.id, key: template.key, notice })
    try {
      this.messageKey = await this.frames.paced(() => api.createCard(chat, {
        outTrackId: this.outTrackId,
        template: template.id,
        params: { ...paramsOf(template, '', 'typing'), ...buttons?.length && { buttons: buttonsParam(buttons) } },
        mentions: asker && { [asker.id]: asker.name },
      }))
      if (this.isGivenUp) return void await this.closeLate()
      this.isCreated = true
      this.options.heard?.()
      if (asker) mention!.done()
    } catch (error) {
      // After a lost connection the card may exist: the last frame will tell.
      this.isCreated = (error as DingtalkError).code === 'dingtalk/connection-failed'
      this.frozen = true
      if (this.isGivenUp) return void await this.closeLate()
      if (!this.isCreated) await store.remove(this.outTrackId)
    }
    if (!this.isCreated) return
    void this.watch()
    this.begin()
  }

  /** The answer went as a message in the meantime; an empty card would show a spinner for ever. */
  private async closeLate() {
    await this.frames.close(this.options.late, 'finished')
    await this.settleRow()
  }

  private async settleRow() {
    const { store, leftOpen } = this.options
    if (!this.frames.isLeftOpen) return store.remove(this.outTrackId)
    store.leave(this.outTrackId)
    leftOpen?.()
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
    this.options.clock.clearTimeout(this.hurryTimer)
    const { chat, sender, sent, store } = this.options
    const whole = [text, notice].filter(Boolean).join('\n\n')
    let end = 0
    if (this.isCreated) {
      end = await this.frames.close(whole, look)
      // Only its end is missing: closing it later must not add a note.
      if (this.frames.isLeftOpen && !whole.slice(end).trim()) await store.complete(this.outTrackId, whole)
      await this.settleRow()
      sent.add(this.messageKey ?? this.outTrackId, chat.id, whole)
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
