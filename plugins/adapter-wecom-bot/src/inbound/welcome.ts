import { randomBytes } from 'node:crypto'
import type { TemplateCard } from '../protocol/template-card'
import { readCard } from '../protocol/template-card'
import { inputOf } from '../cards/buttons'
import { validateCard } from '../cards/card-schema'
import { escapeMarkdown } from '../render/escape'
import { inWords } from '../render/said'

/**
 * The greeting that is a card: the settings have it as JSON. Each who is greeted gets one with an id of its own.
 * @returns `undefined` where the greeting is a text
 * @throws {CardError}
 * @see https://developer.work.weixin.qq.com/document/path/101031
 */
export function welcomeCard(welcome: string): TemplateCard | undefined {
  if (!/^\s*\{[^]*"card_type"/.test(welcome)) return
  return validateCard({ ...readCard(welcome) as object, task_id: `welcome-${randomBytes(16).toString('hex')}` })
}

/** The greeting where only text gets through. */
export function welcomeText(welcome: string): string {
  const card = welcomeCard(welcome)
  if (!card) return welcome
  const { main_title: title, sub_title_text: text } = card
  const words = [title?.title, title?.desc, text].map(words => words && escapeMarkdown(words))
  const buttons = card.card_type === 'button_interaction' ? card.button_list : []
  return inWords({
    text: words.filter(Boolean).join('\n\n'),
    buttons: buttons.map(({ text, key }) => ({ text, input: inputOf({ key }) })),
  })
}
