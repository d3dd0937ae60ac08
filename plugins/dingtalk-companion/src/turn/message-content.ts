import { buttonLinks } from '../delivery/card-buttons'
import type { MessageButton } from '../delivery/card-buttons'

/**
 * What the `state` of a `markdown` element says: a status line in place of text that is still to come, text that will
 * grow, or text that was cut off by an error. Without it the text is complete for all that is known.
 */
export type TextState = 'processing' | 'typing' | 'failed'

export interface MessageContent {
  /** Markdown. */
  text: string
  /** What the model thought before, which only cards show. */
  thoughts?: string
  /** Buttons below the text. */
  buttons?: readonly MessageButton[]
  state?: TextState
}

/** Whether more text is announced. */
export function isUnfinished({ state }: MessageContent): boolean {
  return state === 'processing' || state === 'typing'
}

/** What a card shows: thoughts are a quotation before the text. */
export function cardText({ text, thoughts }: MessageContent): string {
  return [thoughts?.replace(/^/gm, '> '), text].filter(Boolean).join('\n\n')
}

/** A text with the buttons of its message as links, where nothing else shows them. */
export function withLinks(text: string, { buttons = [] }: MessageContent): string {
  return [text, buttonLinks(buttons)].filter(Boolean).join('\n\n')
}
