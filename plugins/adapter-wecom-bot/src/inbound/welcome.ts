import { randomBytes } from 'node:crypto'
import { validateCard } from '../cards/card-schema'
import { cardText } from '../cards/card-text'
import type { Reply } from '../protocol/reply'
import { cardReply, textReply } from '../protocol/reply'
import type { TemplateCard } from '../protocol/template-card'
import { readCard } from '../protocol/template-card'
import { escapeMarkdown } from '../render/escape'
import { inWords } from '../render/said'
import type { CardStore } from '../storage/cards'

/**
 * The welcome as a template card, if it is configured as JSON. Each card has a `task_id` of its own.
 * @returns `undefined` if the welcome is a text
 * @throws {CardError}
 * @see https://developer.work.weixin.qq.com/document/path/101031
 */
export function welcomeCard(welcome: string): TemplateCard | undefined {
  if (!/^\s*\{[^]*"card_type"/.test(welcome)) return
  return validateCard({ ...readCard(welcome) as object, task_id: `welcome-${randomBytes(16).toString('hex')}` })
}

/** The welcome where only text can be sent. Markdown. */
export function welcomeText(welcome: string): string {
  const card = welcomeCard(welcome)
  if (!card) return welcome
  const { paragraphs, buttons } = cardText(card)
  return inWords({ text: paragraphs.map(escapeMarkdown).join('\n\n'), buttons })
}

/** The reply to `enter_chat`; a card in it is recorded, so that clicks on it are recognized. */
export function welcomeReply(welcome: string | undefined, cards: Pick<CardStore, 'save'>): Reply | undefined {
  if (!welcome) return
  const card = welcomeCard(welcome)
  if (!card) return textReply(welcome)
  cards.save(card, true)
  return cardReply(card)
}
