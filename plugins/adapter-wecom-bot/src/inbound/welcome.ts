import { createHash, randomBytes } from 'node:crypto'
import { validateCard } from '../cards/card-schema'
import { cardText } from '../cards/card-text'
import type { CallbackBase } from '../protocol/payload'
import type { Reply } from '../protocol/reply'
import { cardReply, textReply } from '../protocol/reply'
import type { TemplateCard } from '../protocol/template-card'
import { readCard } from '../protocol/template-card'
import { escapeMarkdown } from '../render/escape'
import { inWords } from '../render/said'
import type { CardStore } from '../storage/cards'

/**
 * The welcome as a template card, if it is configured as JSON. Each card has a `task_id` of its own.
 * @param serial tells this card from the others of the bot; random unless given
 * @returns `undefined` if the welcome is a text
 * @throws {CardError}
 * @see https://developer.work.weixin.qq.com/document/path/101031
 */
export function welcomeCard(welcome: string, serial = randomBytes(16).toString('hex')): TemplateCard | undefined {
  if (!/^\s*\{[^]*"card_type"/.test(welcome)) return
  return validateCard({ ...readCard(welcome) as object, task_id: `welcome-${serial}` })
}

/** The welcome where only text can be sent. Markdown. */
export function welcomeText(welcome: string): string {
  const card = welcomeCard(welcome)
  if (!card) return welcome
  const { paragraphs, buttons } = cardText(card)
  return inWords({ text: paragraphs.map(escapeMarkdown).join('\n\n'), buttons })
}

/**
 * The reply to `enter_chat`; a card in it is recorded, so that clicks on it are recognized.
 * @param visit the event; a repetition of it gets the same card
 */
export function welcomeReply(
  welcome: string | undefined,
  cards: Pick<CardStore, 'save'>,
  { botId, userId, msgId }: Pick<CallbackBase, 'botId' | 'userId' | 'msgId'>,
): Reply | undefined {
  if (!welcome) return
  const serial = createHash('sha256').update(JSON.stringify([botId, userId, msgId])).digest('hex').slice(0, 32)
  const card = welcomeCard(welcome, serial)
  if (!card) return textReply(welcome)
  cards.save(card, true)
  return cardReply(card)
}
