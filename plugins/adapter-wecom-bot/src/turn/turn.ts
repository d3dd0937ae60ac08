import { isDeepStrictEqual } from 'node:util'
import type { ButtonSpec } from '../cards/buttons'
import type { TemplateCard } from '../protocol/template-card'
import type { Owner } from '../protocol/conversation'
import { MAX_CARD_BUTTONS } from '../protocol/limits'
import type { Message } from '../protocol/payload'
import { streamDialect } from '../render/dialect'
import { GrowingMarkdown } from '../render/growing-markdown'
import type { Said } from '../render/said'
import { buttonsInWords, cardInWords } from '../render/said'
import { complete } from '../render/split'
import type { StoredStream } from '../storage/streams'

/** The one address a callback brings along: it takes one message, for an hour. A bearer secret. */
export interface ResponseUrl {
  url: string
  used: boolean
}

/** The way out of a turn instead of webhooks, and before `response_url`. */
export interface DeliveryOverride {
  /** Whether it can still take a message. */
  readonly isOpen: boolean
  /** @throws {DeliveryError} */
  send(turn: Turn, said: Said): Promise<void>
}

export interface TurnSettings {
  responseUrl?: ResponseUrl
  /** Set with the long connection, and for turns that do not come from an intelligent bot. */
  override?: DeliveryOverride
  /** Long connection: names the message in frames. */
  requestId?: string
  /** The message, if another instance may have to answer it. */
  question?: Message
  /** Content of the bubble before the first message, if not as configured. */
  placeholder?: string
}

export interface TurnObserver {
  /** Called each time the turn ends: a message that is sent later reopens it. */
  ended(): void
}

/**
 * One inbound callback and the messages sent in reply. It is open while Koishi's middleware chain runs or a message is
 * being sent. Messages can be edited until the stream is closed.
 */
export class Turn {
  readonly responseUrl?: ResponseUrl
  readonly override?: DeliveryOverride
  readonly requestId?: string
  readonly question?: Message
  readonly placeholder?: string
  /** Its controller. */
  observer?: TurnObserver
  /** By serial number, from 1; absent where one was removed. A map takes four times as much for a message or two. */
  private messages: (Said | undefined)[] = []
  /** Absent until a message is edited, which few are that are sent in one piece. */
  private writers?: Map<string, GrowingMarkdown>
  private pendingSends = 0
  private isChainRunning = true
  /** Number of buttons that a card shows; the others are listed as text. */
  private buttonsOnCard?: number
  /** Set once the stream's card was sent; `own`: it came from a message. */
  private sentCard?: { own?: TemplateCard }
  private cachedText?: string
  private cachedButtons?: ButtonSpec[]
  private cachedCards?: TemplateCard[]

  /** Incremented with every change of the messages. */
  version = 0

  constructor(
    /** Also the stream's id, and the prefix of its messages' ids. */
    readonly id: string,
    readonly msgId: string,
    readonly owner: Owner,
    /** By the monotonic clock, in milliseconds. */
    readonly openedAt: number,
    { responseUrl, override, requestId, question, placeholder }: TurnSettings = {},
  ) {
    this.responseUrl = responseUrl
    this.override = override
    this.requestId = requestId
    this.question = question
    this.placeholder = placeholder
  }

  /** The middleware chain has ended and no message is being sent. */
  get isEnded() {
    return !this.isChainRunning && !this.pendingSends
  }

  /** All messages in order, as one Markdown text. */
  get text() {
    return this.cachedText ??= this.said.map(said => complete(said.text))
      .concat(this.cardsAsText(), this.buttonsAsText()).filter(Boolean).join('\n\n')
  }

  /** All messages as one, without what the sent card shows. */
  get combined(): Said {
    const { text, images, card, cardButtons: buttons } = this
    return this.sentCard ? { text, images } : { text, images, card, buttons }
  }

  get images() {
    return this.said.flatMap(said => said.images ?? [])
  }

  get buttons(): ButtonSpec[] {
    return this.cachedButtons ??= this.said.flatMap(said => said.buttons ?? [])
  }

  /** Buttons that a card shows or will show, and that the text leaves out. */
  get cardButtons() {
    return this.buttons.slice(0, this.cardButtonCount)
  }

  /** The last card of the messages. A stream takes one. */
  get card() {
    return this.cards.at(-1)
  }

  get isCardSent() {
    return !!this.sentCard
  }

  /** @param buttons number of the messages' buttons on the card; other buttons and cards are rendered as text */
  markCardSent(buttons: number) {
    this.sentCard = { own: this.card }
    this.buttonsOnCard = buttons
    this.changed()
  }

  /** No card is made of the buttons. */
  showButtonsAsText() {
    this.buttonsOnCard = 0
    this.changed()
  }

  /** @returns the message's id, unique on the platform */
  add(said: Said): string {
    // With `push`, V8 would reserve room for sixteen more.
    this.messages = this.messages.concat(said)
    this.changed()
    return this.messageId(this.messages.length)
  }

  /** @returns whether the message exists */
  edit(id: string, said: Said): boolean {
    return this.replace(id, said)
  }

  /** Brings the states of a message that is edited into WeCom's dialect. */
  writerOf(id: string): GrowingMarkdown | undefined {
    if (!this.serialOf(id) || this.isEnded) return
    this.writers ??= new Map()
    const writer = this.writers.get(id) ?? new GrowingMarkdown(streamDialect)
    this.writers.set(id, writer)
    return writer
  }

  /** @returns whether the message existed */
  remove(id: string): boolean {
    return this.replace(id)
  }

  /** Keeps the turn open until `endSend`. */
  beginSend() {
    this.pendingSends++
  }

  endSend() {
    this.pendingSends--
    if (this.isEnded) this.ended()
  }

  /** Koishi's middleware chain has ended. */
  endChain() {
    if (!this.isChainRunning) return
    this.isChainRunning = false
    if (this.isEnded) this.ended()
  }

  /** The record of the turn's stream. */
  stored(content = '', finished = false): StoredStream {
    const { id: streamId, msgId, owner, requestId } = this
    return { streamId, msgId, owner, content, finished, ...requestId && { requestId } }
  }

  private get said(): Said[] {
    return this.messages.flatMap(said => said ?? [])
  }

  private messageId(serial: number): string {
    return `${this.id}.${serial}`
  }

  /** @returns `undefined` if there is no such message */
  private serialOf(id: string): number | undefined {
    const serial = Number(id.slice(this.id.length + 1))
    return this.messages[serial - 1] && id === this.messageId(serial) ? serial : undefined
  }

  private replace(id: string, said?: Said): boolean {
    const serial = this.serialOf(id)
    if (!serial) return false
    this.messages[serial - 1] = said
    this.changed()
    return true
  }

  private get cards(): TemplateCard[] {
    return this.cachedCards ??= this.said.flatMap(said => said.card ?? [])
  }

  private cardsAsText(): string[] {
    const card = this.sentCard ? this.sentCard.own : this.card
    // Compare by value: editing a message parses its card again.
    return this.cards.filter(other => !isDeepStrictEqual(other, card)).map(cardInWords)
  }

  private buttonsAsText(): string {
    return buttonsInWords(this.buttons.slice(this.cardButtonCount))
  }

  private get cardButtonCount(): number {
    return this.buttonsOnCard ?? (this.card ? 0 : MAX_CARD_BUTTONS)
  }

  private ended() {
    this.writers = undefined
    this.observer?.ended()
  }

  private changed() {
    this.version++
    this.cachedText = this.cachedButtons = this.cachedCards = undefined
  }

  /** Id of the turn that a message belongs to. */
  static idOf(messageId: string): string {
    return messageId.slice(0, messageId.lastIndexOf('.'))
  }
}
