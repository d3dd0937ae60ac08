import type { h } from 'koishi'
import type { Clock } from 'common/time'

/** Brings one answer to its reader while it is being written. */
export interface Delivery {
  /** Shows a line while there is no text. Absent where the line could not be taken away again. */
  status?(line: string): void
  /** Something is shown already, if only a status: whatever is said next must replace it. */
  readonly isOpen?: boolean
  /**
   * Shows a line that tells what is being done, below the text or in place of it, until the next line; an empty one
   * removes it. Absent where it could not be taken away again.
   */
  activity?(line: string): void
  /** Takes the newest state of the whole text. Returns at once, however slow the platform is. */
  update(text: string): void
  /**
   * Resolves when the whole text has been handed over, each part of it exactly once. Called once, as the last call.
   * @param failed whether an error has cut the text off
   * @throws the platform's error, when part of the text could not be sent
   */
  finish(text: string, failed?: boolean): Promise<void>
}

/**
 * How far the text of a message is: a status line in place of it, still growing, or cut off by an error. Without a
 * state it is complete. Bots that take raw Markdown get it as an attribute of the element; a bot may ignore it.
 */
export type TextState = 'processing' | 'typing' | 'failed'

/** Where an answer goes, and what can be done there. */
export interface Target {
  render(markdown: string, state?: TextState): h[]
  /** Sends a message. @returns its ids: several, when the platform had to split it */
  create(elements: h[]): Promise<string[]>
  /** Replaces the content of a message. Absent where that is not possible. */
  edit?(id: string, elements: h[]): Promise<void>
  /** Milliseconds between two edits. */
  interval: number
  /** Bytes of Markdown in one message; 0 or absent is unlimited. */
  limit?: number
  /** Buttons below an answer that is being written, or is done. */
  controls?(done: boolean): h[]
}

export type EditableTarget = Target & Required<Pick<Target, 'edit'>>

export interface DeliveryOptions {
  clock: Clock
  /** A number from 0 up to 1. */
  random: () => number
  /** Whether to show the text while it grows. */
  streaming: boolean
}
