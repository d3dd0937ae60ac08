/**
 * The documented shape and limits of template cards.
 * @see https://developer.work.weixin.qq.com/document/path/101032
 */

import * as limits from '../protocol/limits'
import type { CardType, NewsNotice, TemplateCard, TextNotice } from '../protocol/template-card'
import type { FieldCheck } from './field-checks'
import { boolean, bytes, fail, list, object, range, string, url } from './field-checks'

const action = { type: range(0, 2), url, appid: string, pagepath: string }
const key = bytes(limits.MAX_CARD_KEY_BYTES)
const option = object({ 'id!': bytes(limits.MAX_CARD_OPTION_ID_BYTES), 'text!': string, is_checked: boolean })
const button = object({ 'text!': string, style: range(1, 4), 'key!': key })
const title = object({ title: string, desc: string })
const submit = object({ 'text!': string, 'key!': key })
const select = object({
  'question_key!': key, title: string, disable: boolean, selected_id: bytes(limits.MAX_CARD_OPTION_ID_BYTES), 'option_list!': list(1, limits.MAX_CARD_SELECT_OPTIONS, option),
})

const taskId: FieldCheck = (value, field) => {
  if (typeof value === 'string' && /^[\w@-]+$/.test(value) && value.length <= limits.MAX_CARD_TASK_ID_BYTES) return
  fail(field, `must be 1 to ${limits.MAX_CARD_TASK_ID_BYTES} of letters, digits, "_", "-", "@"`)
}

const base = {
  card_type: string,
  source: object({ icon_url: url, desc: string, desc_color: range(0, 3) }),
  feedback: object({ 'id!': bytes(limits.MAX_FEEDBACK_ID_BYTES) }),
}
const menu = object({ 'desc!': string, 'action_list!': list(1, limits.MAX_CARD_MENU_ACTIONS, object({ 'text!': string, 'key!': key })) })
const quote = object({ ...action, title: string, quote_text: string })
const horizontal = list(0, limits.MAX_CARD_ROWS, object({ type: range(0, 3), 'keyname!': string, value: string, url, userid: string }))
const jumps = list(0, limits.MAX_CARD_JUMPS, object({ ...action, type: range(0, 3), 'title!': string, question: bytes(limits.MAX_CARD_QUESTION_BYTES) }))
const notice = {
  ...base,
  task_id: taskId,
  action_menu: menu,
  quote_area: quote,
  horizontal_content_list: horizontal,
  jump_list: jumps,
}

const shapes: Record<CardType, FieldCheck> = {
  text_notice: object({
    ...notice,
    main_title: title,
    'card_action!': object(action),
    sub_title_text: string,
    emphasis_content: title,
  }),
  news_notice: object({
    ...notice,
    'main_title!': title,
    'card_action!': object(action),
    card_image: object({ 'url!': url, aspect_ratio: range(limits.CARD_IMAGE_ASPECT_RATIO.min, limits.CARD_IMAGE_ASPECT_RATIO.max) }),
    image_text_area: object({ ...action, title: string, desc: string, 'image_url!': url }),
    vertical_content_list: list(0, limits.MAX_CARD_VERTICAL_ROWS, object({ 'title!': string, desc: string })),
  }),
  button_interaction: object({
    ...base,
    'main_title!': title,
    'task_id!': taskId,
    'button_list!': list(1, limits.MAX_CARD_BUTTONS, button),
    action_menu: menu,
    quote_area: quote,
    sub_title_text: string,
    horizontal_content_list: horizontal,
    button_selection: select,
    card_action: object(action),
  }),
  vote_interaction: object({
    ...base,
    'main_title!': title,
    'task_id!': taskId,
    'checkbox!': object({
      'question_key!': key, disable: boolean, mode: range(0, 1), 'option_list!': list(1, limits.MAX_CARD_VOTE_OPTIONS, option),
    }),
    'submit_button!': submit,
  }),
  multiple_interaction: object({
    // The documentation omits `task_id`, which a click needs to name the card.
    ...base,
    'main_title!': title,
    'task_id!': taskId,
    'select_list!': list(1, limits.MAX_CARD_SELECTS, select),
    'submit_button!': submit,
  }),
}

/**
 * Checks a card against every documented limit.
 * @returns the same card, typed
 * @throws {CardError} for the first field that is wrong
 */
export function validateCard(card: unknown): TemplateCard {
  const type = (card as Partial<TemplateCard> | undefined)?.card_type
  if (!type || !Object.hasOwn(shapes, type)) return fail('card_type', `must be one of ${Object.keys(shapes).join(', ')}`)
  shapes[type](card, '')
  const valid = card as TemplateCard
  if (valid.action_menu && !valid.task_id) fail('task_id', 'is required with "action_menu"')
  checkAlternatives(valid)
  return valid
}

/** Fields of which a card needs one. */
function checkAlternatives(card: TemplateCard) {
  switch (card.card_type) {
    case 'text_notice':
      if (!card.main_title?.title && !card.sub_title_text) fail('main_title.title', 'or "sub_title_text" is required')
      return
    case 'news_notice':
      if (!card.card_image && !card.image_text_area) fail('card_image', 'or "image_text_area" is required')
      return
    case 'button_interaction':
    case 'vote_interaction':
    case 'multiple_interaction':
      return
    default:
      card satisfies never
  }
}

/** Webhooks take cards that expect no answer. */
const acceptedByWebhooks: Record<CardType, boolean> = {
  text_notice: true,
  news_notice: true,
  button_interaction: false,
  vote_interaction: false,
  multiple_interaction: false,
}

/**
 * Checks a card for a group webhook.
 * @returns the same card, typed
 * @throws {CardError} for the first field that is wrong
 * @see https://developer.work.weixin.qq.com/document/path/99110
 */
export function validateWebhookCard(card: unknown): TextNotice | NewsNotice {
  const { card_type: type, horizontal_content_list: rows } = (card ?? {}) as Partial<TemplateCard>
  if (!type || !Object.hasOwn(acceptedByWebhooks, type) || !acceptedByWebhooks[type]) {
    return fail('card_type', 'must be text_notice or news_notice: webhooks do not take other cards')
  }
  for (const field of ['task_id', 'action_menu', 'feedback'] as const) {
    if ((card as TemplateCard)[field] !== undefined) fail(field, 'is not accepted by webhooks')
  }
  if (!Array.isArray(rows)) return validateCard(card) as TextNotice | NewsNotice
  rows.forEach((row, index) => {
    if (row?.type === 2 || row?.media_id !== undefined) string(row.media_id, `horizontal_content_list[${index}].media_id`)
  })
  validateCard({ ...card as object, horizontal_content_list: rows.map(row => row && { ...row, media_id: undefined }) })
  return card as TextNotice | NewsNotice
}
