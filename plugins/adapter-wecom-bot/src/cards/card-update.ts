import type { CardOption, CardSelect, CardType, TemplateCard } from '../protocol/template-card'
import type { Click } from '../protocol/payload'

/** What was chosen on a card. */
export type CardAnswer = Pick<Click, 'key' | 'selected'>

const answeredPerPerson: Record<CardType, boolean> = {
  text_notice: false,
  news_notice: false,
  button_interaction: false,
  vote_interaction: true,
  multiple_interaction: true,
}

/** Whether every person answers the card once. Otherwise the first click answers it for everyone. */
export function isAnsweredPerPerson({ card_type: type }: TemplateCard): boolean {
  return answeredPerPerson[type]
}

/**
 * The card after an answer. An update replaces the whole card.
 * @param isReusable the buttons keep working
 * @param describe text for what was chosen
 * @returns `undefined` if the click did not answer the card, such as one in the menu in its corner
 * @see https://developer.work.weixin.qq.com/document/path/101032
 */
export function updateCard(
  card: TemplateCard,
  { key, selected }: CardAnswer,
  isReusable: boolean,
  describe: (choice: string) => string,
): TemplateCard | undefined {
  switch (card.card_type) {
    case 'button_interaction': {
      const { button_list: buttons, button_selection: selection } = card
      const button = buttons.find(button => button.key === key)
      return button && {
        ...card,
        sub_title_text: describe(button.text),
        button_list: isReusable ? buttons : [button],
        ...selection && { button_selection: closeSelect(selection, selected) },
      }
    }
    case 'vote_interaction': {
      if (card.submit_button.key !== key) return
      const chosen = selected[card.checkbox.question_key] ?? []
      const options = card.checkbox.option_list.map(option => ({ ...option, is_checked: chosen.includes(option.id) }))
      return {
        ...card,
        main_title: { ...card.main_title, desc: describe(listOf(options.filter(option => option.is_checked))) },
        checkbox: { ...card.checkbox, disable: true, option_list: options },
      }
    }
    case 'multiple_interaction': {
      if (card.submit_button.key !== key) return
      const chosen = card.select_list.flatMap(select => chosenOptions(select, selected))
      return {
        ...card,
        main_title: { ...card.main_title, desc: describe(listOf(chosen)) },
        select_list: card.select_list.map(select => closeSelect(select, selected)),
      }
    }
    case 'text_notice':
    case 'news_notice':
      return
    default:
      return card satisfies never
  }
}

/**
 * Label of the closed button that an app shows instead of the buttons of an answered card.
 * @returns `undefined` for cards without buttons
 */
export function closedButtonLabel(card: TemplateCard): string | undefined {
  switch (card.card_type) {
    case 'button_interaction':
      return card.button_list[0].text
    case 'vote_interaction':
    case 'multiple_interaction':
      return card.submit_button.text
    case 'text_notice':
    case 'news_notice':
      return
    default:
      return card satisfies never
  }
}

function chosenOptions({ question_key: key, option_list: options }: CardSelect, selected: CardAnswer['selected']) {
  return options.filter(({ id }) => selected[key]?.includes(id))
}

function closeSelect(select: CardSelect, selected: CardAnswer['selected']): CardSelect {
  const [chosen] = chosenOptions(select, selected)
  return { ...select, disable: true, ...chosen && { selected_id: chosen.id } }
}

function listOf(options: CardOption[]) {
  return options.map(({ text }) => text).join('、')
}
