/**
 * Template cards as WeCom's API defines them.
 * @see https://developer.work.weixin.qq.com/document/path/101032
 */

import { WecomError } from '../util/errors'

export interface CardButton {
  text: string
  /** 1–4 */
  style?: number
  key: string
}

export interface CardOption {
  id: string
  text: string
  is_checked?: boolean
}

export interface CardSelect {
  question_key: string
  title?: string
  disable?: boolean
  selected_id?: string
  option_list: CardOption[]
}

export interface CardTitle {
  title?: string
  desc?: string
}

export interface CardAction {
  type?: number
  url?: string
  appid?: string
  pagepath?: string
}

interface CardBase {
  source?: { icon_url?: string, desc?: string, desc_color?: number }
  action_menu?: { desc: string, action_list: { text: string, key: string }[] }
  main_title?: CardTitle
  quote_area?: CardAction & { title?: string, quote_text?: string }
  sub_title_text?: string
  emphasis_content?: CardTitle
  horizontal_content_list?: {
    type?: number
    keyname: string
    value?: string
    url?: string
    userid?: string
    /** With `type` 2, in webhooks only. */
    media_id?: string
  }[]
  jump_list?: (CardAction & { title: string, question?: string })[]
  card_action?: CardAction
  /** Identifies the card in clicks and updates. Unique per bot; letters, digits, `_-@`. */
  task_id?: string
  feedback?: { id: string }
}

export interface TextNotice extends CardBase {
  card_type: 'text_notice'
}

export interface NewsNotice extends CardBase {
  card_type: 'news_notice'
  card_image?: { url: string, aspect_ratio?: number }
  image_text_area?: CardAction & { title?: string, desc?: string, image_url: string }
  vertical_content_list?: { title: string, desc?: string }[]
}

export interface ButtonInteraction extends CardBase {
  card_type: 'button_interaction'
  button_list: CardButton[]
  button_selection?: CardSelect
}

export interface VoteInteraction extends CardBase {
  card_type: 'vote_interaction'
  checkbox: { question_key: string, disable?: boolean, mode?: number, option_list: CardOption[] }
  submit_button: { text: string, key: string }
}

export interface MultipleInteraction extends CardBase {
  card_type: 'multiple_interaction'
  select_list: CardSelect[]
  submit_button: { text: string, key: string }
}

export type TemplateCard = TextNotice | NewsNotice | ButtonInteraction | VoteInteraction | MultipleInteraction

export type CardType = TemplateCard['card_type']

/** A card that WeCom would refuse. */
export class CardError extends WecomError<'wecom-bot/invalid-card'> {
  override name = 'CardError'

  /**
   * @param field path of the first wrong field
   * @param requirement what the field must be, as the end of a sentence
   */
  constructor(readonly field: string, requirement: string) {
    super('wecom-bot/invalid-card', `template card: "${field}" ${requirement}`)
  }
}

/**
 * Reads the `content` of a `<wecom-bot:card>` element: an object, or JSON in markup. The card is not validated.
 * @throws {CardError} for a string that is not JSON
 */
export function readCard(content: unknown): unknown {
  if (typeof content !== 'string') return content
  try {
    return JSON.parse(content)
  } catch {
    throw new CardError('content', 'must be JSON')
  }
}
