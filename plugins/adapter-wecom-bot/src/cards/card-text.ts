import type { TemplateCard } from '../protocol/template-card'
import type { ButtonSpec } from './buttons'
import { inputOf } from './buttons'

/** A card as plain text, for messages that cannot carry cards. */
export interface CardText {
  title: string
  /** Title, description and text, as far as the card has them. */
  paragraphs: string[]
  /** Buttons that make sense without the card. The options of votes and selections do not. */
  buttons: ButtonSpec[]
}

export function cardText(card: TemplateCard): CardText {
  const { main_title: title, sub_title_text: text } = card
  const words = {
    title: title?.title ?? '',
    paragraphs: [title?.title, title?.desc, text].filter(words => !!words) as string[],
  }
  switch (card.card_type) {
    case 'button_interaction':
      return { ...words, buttons: card.button_list.map(({ text, key }) => ({ text, input: inputOf({ key }) })) }
    case 'text_notice':
    case 'news_notice':
    case 'vote_interaction':
    case 'multiple_interaction':
      return { ...words, buttons: [] }
    default:
      return card satisfies never
  }
}
