import { isDeepStrictEqual } from 'node:util'
import type { TemplateCard } from '../protocol/template-card'
import { MAX_CARD_BUTTONS } from '../protocol/limits'
import type { Frame } from '../protocol/reply'
import { complete } from '../render/split'
import type { Owner } from '../protocol/conversation'
import type { Said } from '../render/said'
import { buttonsInWords, cardInWords } from '../render/said'

/** The one address a callback brings along: it takes one message, for an hour. A bearer secret. */
export interface ResponseUrl {
  url: string
  used: boolean
}

/**
 * One inbound callback and everything that is said to it. It is open while Koishi's middleware chain runs and while a
 * message is on its way; what was said stays editable until its stream has been closed.
 */
export class Turn {
  private readonly said = new Map<string, Said>()
  private serial = 0
  private pendingSends = 0
  /** How many buttons need no words. */
  private onCard?: number
  /** The stream has had its card; `own`: the one that a message had. */
  private spent?: { own?: TemplateCard }
  private chain = true
  private joined?: string

  /** Grows with every change of what is said. */
  version = 0
  /** What its bubble showed last. */
  shown?: Frame

  constructor(
    /** Also the stream's id and the first half of its messages' ids. */
    readonly id: string,
    readonly msgId: string,
    readonly owner: Owner,
    /** Milliseconds. */
    readonly openedAt: number,
    readonly responseUrl?: ResponseUrl,
  ) {}

  /** Nothing more is being said: the chain is through and no message is on its way. */
  get ended() {
    return !this.chain && !this.pendingSends
  }

  /** All messages in their order, as one Markdown text. */
  get text() {
    return this.joined ??= [...this.said.values()].map(said => complete(said.text))
      .concat(this.cardsInWords(), this.buttonsInWords()).filter(Boolean).join('\n\n')
  }

  /** All messages as one, but for what is on the card that the stream has had. */
  get whole(): Said {
    const { text, images, card, cardButtons: buttons } = this
    return this.spent ? { text, images } : { text, images, card, buttons }
  }

  get images() {
    return [...this.said.values()].flatMap(said => said.images ?? [])
  }

  get buttons() {
    return [...this.said.values()].flatMap(said => said.buttons ?? [])
  }

  /** Those that need no words, for they are on a card or will be. */
  get cardButtons() {
    return this.buttons.slice(0, this.wordless)
  }

  /** The last of its cards: more than one goes nowhere. */
  get card() {
    return this.cards.at(-1)
  }

  /** The stream has had its one card. */
  get cardSpent() {
    return !!this.spent
  }

  /** @param buttons how many of the messages' buttons it has; the others, and other cards, are put in words */
  spendCard(buttons: number) {
    this.spent = { own: this.card }
    this.onCard = buttons
    this.changed()
  }

  /** Nothing makes a card of them. */
  putButtonsInWords() {
    this.onCard = 0
    this.changed()
  }

  /** @returns the new message's id, unique on the platform */
  say(said: Said): string {
    const id = `${this.id}.${++this.serial}`
    this.said.set(id, said)
    this.changed()
    return id
  }

  /** @returns whether there is such a message */
  rewrite(id: string, said: Said): boolean {
    if (!this.said.has(id)) return false
    this.said.set(id, said)
    this.changed()
    return true
  }

  /** @returns whether there was such a message */
  retract(id: string): boolean {
    if (!this.said.delete(id)) return false
    this.changed()
    return true
  }

  /** A message is on its way; the turn stays open until `sent`. */
  sending() {
    this.pendingSends++
  }

  sent() {
    this.pendingSends--
    this.settle()
  }

  /** Koishi's middleware chain is through. */
  chainEnded() {
    if (!this.chain) return
    this.chain = false
    this.settle()
  }

  /** Called each time the turn has ended: a message sent later opens it again. */
  onEnd?: () => void

  private settle() {
    if (this.ended) this.onEnd?.()
  }

  private get cards(): TemplateCard[] {
    return [...this.said.values()].flatMap(said => said.card ?? [])
  }

  private cardsInWords(): string[] {
    const card = this.spent ? this.spent.own : this.card
    // A message that is edited has its card made anew.
    return this.cards.filter(other => !isDeepStrictEqual(other, card)).map(cardInWords)
  }

  private buttonsInWords(): string {
    return buttonsInWords(this.buttons.slice(this.wordless))
  }

  private get wordless(): number {
    return this.onCard ?? (this.card ? 0 : MAX_CARD_BUTTONS)
  }

  private changed() {
    this.version++
    this.joined = undefined
  }

  /** The turn a message belongs to. */
  static idOf(messageId: string): string {
    return messageId.slice(0, messageId.lastIndexOf('.'))
  }
}
