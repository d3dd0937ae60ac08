import { randomUUID } from 'node:crypto'
import { DingtalkError } from '../api/error'
import { CARD_WATCHDOG_MS } from '../delivery/card'
import type { Card } from '../delivery/card'
import { NO_KEY } from '../delivery/markdown-sender'
import type { MessageChat } from './message-chat'
import { cardText, isUnfinished, withLinks } from './message-content'
import type { MessageContent } from './message-content'

/**
 * How long a message is held back for its first edit. An editing plugin writes again within a few hundred milliseconds;
 * the message of any other plugin arrives this much later.
 */
export const HOLD_MS = 1000

/** A message that is edited after the end of its turn is complete when no edit comes for this long. */
export const LATE_EDIT_IDLE_MS = 30_000

/**
 * One message of a plugin. It is `held` until it is known how it goes out: as a `card`, which edits can change until it
 * is `closed`, or as a Markdown message that was `sent`. What edits add to text that can no longer be changed follows
 * once, at the end of the turn, from where the reader stopped.
 */
export class OutgoingMessage {
  readonly id = randomUUID()
  private phase: 'held' | 'card' | 'closed' | 'sent' | 'deleted' = 'held'
  /** The part of the text that stays readable whatever happens. */
  private delivered = ''
  /** What was sent last, arrived or not. */
  private attempted = ''
  /** Keys of the messages that were sent. */
  private readonly keys: string[] = []
  /** While it is open: a message is kept long after its card. */
  private card?: Card
  private timer: unknown
  /** Ends when the card is closed with its whole text. */
  private closing?: Promise<void>
  private readonly createdAt: number
  /** Whether it was created in the belief that it can be edited. */
  private readonly mayBeEdited: boolean

  /** @param inTurn whether the turn that it belongs to goes on */
  constructor(private readonly chat: MessageChat, private content: MessageContent, private inTurn: boolean) {
    this.createdAt = chat.clock.monotonic()
    this.mayBeEdited = chat.canOpenCard || isUnfinished(content)
  }

  /** DingTalk's key of the message, if it was sent as a single one. */
  get sentKey(): string | undefined {
    return this.keys.length === 1 ? this.keys[0] || undefined : undefined
  }

  /** Whether edits are expected. */
  get isEditable(): boolean {
    if (this.phase === 'deleted') return false
    return this.inTurn ? this.mayBeEdited : this.phase === 'card' || this.timer !== undefined
  }

  /**
   * Sends the message, opens its card, or holds it back, depending on what is known of it.
   * @throws {DingtalkError} when it was sent at once and that failed
   */
  async start() {
    const { chat, content, inTurn } = this
    if (isUnfinished(content)) {
      this.openCard()
      this.waitForMore()
    } else if (inTurn && content.buttons?.length && chat.hasCardButtons && chat.canOpenCard) {
      this.openCard()
    } else if (inTurn && chat.canOpenCard) {
      this.wait(HOLD_MS)
    } else {
      await this.send()
    }
  }

  /** @throws {DingtalkError} `dingtalk/message-unknown` when the message was deleted */
  edit(content: MessageContent) {
    const { inTurn, phase } = this
    if (phase === 'deleted') throw unknownMessage(this.id)
    const isCompleted = isUnfinished(this.content) && !isUnfinished(content)
    this.content = content
    if (phase === 'card') this.show()
    else if (phase !== 'closed') this.openCard()
    if (isCompleted && !inTurn) void this.settleQuietly()
    else this.waitForMore()
  }

  /** Another message follows in the chat: this one goes out first. */
  release() {
    const { chat } = this
    if (this.phase === 'held') {
      this.send().catch(chat.warn)
    } else if (this.phase === 'card') {
      chat.enqueue(async () => {
        // The card could not be created: its text goes out as a message, in its place.
        if (this.phase === 'card' && !this.card!.isOpen) await this.closeCard()
      }).catch(chat.warn)
    }
  }

  /**
   * Brings everything to the reader that was not readable before, and closes the card. Tasks are enqueued at once.
   * @throws {DingtalkError}
   */
  async settle() {
    this.clearTimer()
    const { chat, phase } = this
    switch (phase) {
      case 'held': return this.send()
      case 'card':
        this.card!.hurry()
        return this.closing ??= chat.enqueue(() => this.closeCard())
      case 'sent':
      case 'closed': return chat.enqueue(() => this.sendRest())
      case 'deleted': return
      default: return phase satisfies never
    }
  }

  /** The same where no caller waits: failures are reported. It never throws. */
  async settleQuietly() {
    await this.settle().catch(this.chat.warn)
  }

  /** The turn is over and everything is delivered: further edits are late ones. */
  leaveTurn() {
    this.inTurn = false
  }

  /**
   * Closes the card as it is, with a note, because what is still to come may not come in time.
   * @throws {DingtalkError}
   */
  async interrupt() {
    if (this.phase !== 'card') return
    if (this.closing) return this.closing
    const card = this.card!
    this.cardClosed()
    card.hurry()
    await this.chat.enqueue(() => card.abandon())
  }

  /** Takes the message back. The text of an open card is replaced by a note, because cards cannot be removed. */
  async delete() {
    const { card, chat, keys, phase } = this
    if (phase === 'deleted') throw unknownMessage(this.id)
    if (phase === 'closed') throw new DingtalkError('dingtalk/card-closed', `message ${this.id} cannot be deleted: its card is closed`)
    if (keys.includes(NO_KEY)) {
      throw new DingtalkError('dingtalk/message-unrecallable', `message ${this.id} cannot be recalled: it went by webhook`)
    }
    this.phase = 'deleted'
    this.card = undefined
    this.clearTimer()
    await chat.enqueue(async () => {
      if (phase === 'card') await card!.end(chat.deleted, 'finished')
      for (const key of keys) await chat.recall(key)
    })
  }

  private openCard() {
    const { buttons } = this.content
    const heldMs = this.chat.clock.monotonic() - this.createdAt
    const card = this.chat.openCard({ heldMs, buttons, expired: () => this.cardClosed() })
    if (!card) return
    this.card = card
    this.phase = 'card'
    this.show()
  }

  private show() {
    const { card, content: { text, state } } = this
    if (state === 'processing' && !this.content.thoughts) card!.status(text)
    else card!.update(cardText(this.content))
  }

  private async send() {
    const { chat } = this
    this.clearTimer()
    this.phase = 'sent'
    const text = withLinks(this.content.text, this.content)
    await chat.enqueue(() => this.deliver(text))
  }

  private async closeCard() {
    // Its watchdog may have been faster.
    if (this.phase !== 'card') return this.sendRest()
    const { chat, content, content: { text, state } } = this
    const card = this.card!
    this.phase = 'closed'
    this.card = undefined
    const shown = chat.hasCardButtons ? cardText(content) : withLinks(cardText(content), content)
    await card.end(shown, state === 'failed' ? 'failed' : 'finished')
    this.delivered = text
  }

  /** The card was closed without the plugin's doing: a status line in it is gone. */
  private cardClosed() {
    const { text, state } = this.content
    this.phase = 'closed'
    this.card = undefined
    this.delivered = state === 'processing' ? '' : text
  }

  private async sendRest() {
    const { chat, content: { text } } = this
    const start = commonPrefix(this.delivered, text)
    const rest = text.slice(start).trim()
    // The plugin may end its text with the note that the card has got already.
    if (!rest || rest === chat.notice || text === this.attempted) return
    await this.deliver(text, start)
  }

  private async deliver(text: string, start = 0) {
    this.attempted = text
    try {
      this.keys.push(...await this.chat.sender.send(text, start))
      this.delivered = text
    } catch (error) {
      // It may have arrived: it must not be repeated.
      if ((error as DingtalkError).code === 'dingtalk/connection-failed') this.delivered = text
      throw error
    }
  }

  /** Waits for further edits. In a turn they end with it; a card has its own watchdog. */
  private waitForMore() {
    const isLastEditOpen = this.inTurn || isUnfinished(this.content)
    if (!isLastEditOpen) this.wait(LATE_EDIT_IDLE_MS)
    else if (this.phase === 'card') this.clearTimer()
    else this.wait(CARD_WATCHDOG_MS)
  }

  private wait(delayMs: number) {
    this.clearTimer()
    this.timer = this.chat.clock.setTimeout(() => void this.settleQuietly(), delayMs)
  }

  private clearTimer() {
    this.chat.clock.clearTimeout(this.timer)
    this.timer = undefined
  }
}

export function unknownMessage(id: string) {
  return new DingtalkError('dingtalk/message-unknown', `message ${id} is not known: it was deleted, or sent too long ago`)
}

function commonPrefix(left: string, right: string): number {
  let length = 0
  while (length < left.length && left[length] === right[length]) length++
  return length
}
