import type { Clock } from 'common/time'
import type { Card } from '../delivery/card'
import type { MessageButton } from '../delivery/card-buttons'
import type { MarkdownSender } from '../delivery/markdown-sender'

export interface CardRequest {
  /** How long its text was held back, in milliseconds. */
  heldMs: number
  buttons?: readonly MessageButton[]
  /** Called when its watchdog closes it. */
  expired(): void
}

/** The chat that a message goes to. */
export interface MessageChat {
  clock: Clock
  sender: Pick<MarkdownSender, 'send'>
  /** Note below a text that was cut off. */
  notice: string
  /** Text of a card whose message was deleted. */
  deleted: string
  readonly canOpenCard: boolean
  /** Whether cards show the buttons of a message. */
  hasCardButtons: boolean
  /** Makes a card, if that is possible at the moment. */
  openCard(request: CardRequest): Card | undefined
  /** Runs a task after the earlier ones of this chat. */
  enqueue<T>(task: () => Promise<T>): Promise<T>
  /** Takes back a message that was sent. */
  recall(key: string): Promise<void>
  /** Reports a failure that no caller waits for. */
  warn(error: unknown): void
}
