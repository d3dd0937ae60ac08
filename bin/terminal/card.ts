/** A template card, as far as a terminal shows it. */
export interface TemplateCard {
  card_type: string
  task_id?: string
  source?: { desc?: string }
  main_title?: CardTitle
  emphasis_content?: CardTitle
  quote_area?: { title?: string, quote_text?: string }
  sub_title_text?: string
  horizontal_content_list?: { keyname: string, value?: string }[]
  vertical_content_list?: CardTitle[]
  jump_list?: { title: string, url?: string }[]
  card_action?: { url?: string }
  checkbox?: CardQuestion
  button_selection?: CardQuestion
  select_list?: CardQuestion[]
  button_list?: CardButton[]
  submit_button?: CardButton
  action_menu?: { action_list: CardButton[] }
}

interface CardTitle {
  title?: string
  desc?: string
}

interface CardButton {
  text: string
  /** A button without a key opens a page, or can no longer be clicked. */
  key?: string
}

interface CardQuestion {
  question_key: string
  title?: string
  selected_id?: string
  option_list: { id: string, text: string, is_checked?: boolean }[]
}

/** A click, as the callback has it. */
export interface Click {
  cardType: string
  taskId: string
  eventKey: string
  /** Chosen options by question. */
  selected?: Record<string, string[]>
}

/** What can be clicked: buttons, the button that submits choices, and the menu in the corner. */
function buttonsOf({ button_list = [], submit_button, action_menu }: TemplateCard): (CardButton & { key: string })[] {
  const all = [...button_list, ...submit_button ? [submit_button] : [], ...action_menu?.action_list ?? []]
  return all.filter((button): button is CardButton & { key: string } => !!button.key)
}

function questionsOf({ checkbox, button_selection, select_list = [] }: TemplateCard): CardQuestion[] {
  return [checkbox, button_selection, ...select_list].filter(question => question !== undefined)
}

/** The card as text: what it says, and how to click what. */
export function cardText(card: TemplateCard): string {
  const { source, main_title, emphasis_content, quote_area, sub_title_text, card_action } = card
  const { horizontal_content_list = [], vertical_content_list = [], jump_list = [] } = card
  const join = (...texts: (string | undefined)[]) => texts.filter(Boolean).join(' — ')
  return [
    `🗂 ${join(source?.desc, main_title?.title, main_title?.desc, sub_title_text)}`,
    join(emphasis_content?.title, emphasis_content?.desc),
    join(quote_area?.title, quote_area?.quote_text),
    ...horizontal_content_list.map(({ keyname, value }) => `${keyname}: ${value ?? ''}`),
    ...vertical_content_list.map(({ title, desc }) => join(title, desc)),
    ...jump_list.map(({ title, url }) => `↗ ${join(title, url)}`),
    card_action?.url && `↗ ${card_action.url}`,
    ...questionsOf(card).map(({ title, question_key, option_list }) => {
      return `? ${title ?? question_key}: ${option_list.map(({ id, text }) => `${text} (${question_key}=${id})`).join('  ')}`
    }),
    ...buttonsOf(card).map(({ text }, index) => `[${text}]  /click ${index + 1}`),
  ].filter(Boolean).map((line, index) => index ? `   ${line}` : line).join('\n')
}

/**
 * The click that a person types: the number, the key or the text of a button, and options as `question=option`.
 * @returns nothing, where the card has no such button or option
 */
export function clickOn(card: TemplateCard, typed: string): Click | undefined {
  const words = typed.trim().split(/\s+/)
  const choices = words.filter(word => word.includes('='))
  const name = words.filter(word => !word.includes('=')).join(' ')
  const buttons = buttonsOf(card)
  const button = buttons.find(({ key, text }) => key === name || text === name) ?? buttons[Number(name) - 1]
    // A key may contain an equals sign.
    ?? buttons.find(({ key }) => key === typed.trim())
  if (!button) return
  const questions = questionsOf(card)
  const chosen = new Map<string, string[]>()
  for (const choice of button.key === typed.trim() ? [] : choices) {
    const [key, id] = choice.split(/=(.*)/s)
    const question = questions.find(({ question_key }) => question_key === key)
    if (!question?.option_list.some(option => option.id === id)) return
    chosen.set(key, [...chosen.get(key) ?? [], id])
  }
  const selected = questions.map((question) => {
    return [question.question_key, chosen.get(question.question_key) ?? presetOf(question)]
  })
  return {
    cardType: card.card_type, taskId: card.task_id ?? '', eventKey: button.key,
    ...questions.length > 0 && { selected: Object.fromEntries(selected) },
  }
}

/** The options of a question before a person changes them. */
function presetOf({ option_list, selected_id }: CardQuestion): string[] {
  const checked = option_list.filter(option => option.is_checked).map(({ id }) => id)
  const [first] = option_list
  return selected_id !== undefined ? [selected_id] : checked.length ? checked : first ? [first.id] : []
}
