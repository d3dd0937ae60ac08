import type { CardOption, CardSelect, TemplateCard } from '../protocol/template-card'
import type { Click } from '../protocol/payload'

/** What somebody chose on a card. */
export type CardAnswer = Pick<Click, 'key' | 'selected'>

/** Whether everybody answers a card for himself; a button is pressed for all who see it. */
export function isAnsweredPerPerson({ card_type: type }: TemplateCard): boolean {
  return type === 'vote_interaction' || type === 'multiple_interaction'
}

/**
 * A card as it looks once it is answered. An update replaces all of it.
 * @param standing its buttons go on working
 * @param say words for what was chosen
 * @returns `undefined` where the click was on something else, such as the menu in its corner
 * @see https://developer.work.weixin.qq.com/document/path/101032
 */
export function updateCard(
  card: TemplateCard,
  { key, selected }: CardAnswer,
  standing: boolean,
  say: (choice: string) => string,
): TemplateCard | undefined {
  switch (card.card_type) {
    case 'button_interaction': {
      const { button_list: buttons, button_selection: selection } = card
      const button = buttons.find(button => button.key === key)
      return button && {
        ...card,
        sub_title_text: say(button.text),
        button_list: standing ? buttons : [button],
        ...selection && { button_selection: close(selection, selected) },
      }
    }
    case 'vote_interaction': {
      if (card.submit_button.key !== key) return
      const chosen = selected[card.checkbox.question_key] ?? []
      const options = card.checkbox.option_list.map(option => ({ ...option, is_checked: chosen.includes(option.id) }))
      return {
        ...card,
        main_title: { ...card.main_title, desc: say(name(options.filter(option => option.is_checked))) },
        checkbox: { ...card.checkbox, disable: true, option_list: options },
      }
    }
    case 'multiple_interaction': {
      if (card.submit_button.key !== key) return
      const chosen = card.select_list.flatMap(select => chosenOf(select, selected))
      return {
        ...card,
        main_title: { ...card.main_title, desc: say(name(chosen)) },
        select_list: card.select_list.map(select => close(select, selected)),
      }
    }
  }
}

function chosenOf({ question_key: key, option_list: options }: CardSelect, selected: CardAnswer['selected']) {
  return options.filter(({ id }) => selected[key]?.includes(id))
}

function close(select: CardSelect, selected: CardAnswer['selected']): CardSelect {
  const [chosen] = chosenOf(select, selected)
  return { ...select, disable: true, ...chosen && { selected_id: chosen.id } }
}

function name(options: CardOption[]) {
  return options.map(({ text }) => text).join('、')
}
