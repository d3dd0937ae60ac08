import type { ButtonSpec } from '../cards/buttons'
import { cardText } from '../cards/card-text'
import type { InlineImage } from '../protocol/reply'
import type { TemplateCard } from '../protocol/template-card'
import { escapeMarkdown } from './escape'

/** One rendered message. */
export interface Said {
  /** Markdown. */
  text: string
  images?: InlineImage[]
  buttons?: ButtonSpec[]
  card?: TemplateCard
}

/** The message as Markdown only: placeholders for images and cards, a list for buttons. */
export function inWords({ text, images = [], buttons = [], card }: Said): string {
  return [text, images.map(() => '[图片]').join(' '), cardInWords(card), buttonsInWords(buttons)].filter(Boolean).join('\n\n')
}

export function cardInWords(card?: TemplateCard): string {
  return card ? `[卡片] ${escapeMarkdown(cardText(card).title)}`.trim() : ''
}

export function buttonsInWords(buttons: ButtonSpec[]): string {
  return buttons.map(({ text, input }) => input && input !== text ? `- ${text}：${input}` : `- ${text}`).join('\n')
}
