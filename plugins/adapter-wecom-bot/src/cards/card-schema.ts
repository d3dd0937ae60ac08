/**
 * The documented limits of template cards.
 * @see https://developer.work.weixin.qq.com/document/path/101032
 */

import * as limits from '../protocol/limits'
import type { NewsNotice, TemplateCard, TextNotice } from '../protocol/template-card'
import { CardError } from '../protocol/template-card'

type CardValue = unknown
type Check = (value: CardValue, field: string) => void

const fail = (field: string, limit: string): never => {
  throw new CardError(field, limit)
}

const string: Check = (value, field) => {
  if (typeof value !== 'string' || !value) fail(field, 'must be a non-empty string')
}

const bytes = (most: number): Check => (value, field) => {
  string(value, field)
  if (Buffer.byteLength(value as string) > most) fail(field, `must have at most ${most} bytes of UTF-8`)
}

const url: Check = (value, field) => {
  if (typeof value !== 'string' || !URL.canParse(value) || !/^https?:/.test(value)) fail(field, 'must be a web address')
}

const range = (least: number, most: number): Check => (value, field) => {
  if (typeof value !== 'number' || !(value >= least && value <= most)) fail(field, `must be a number from ${least} to ${most}`)
}

const boolean: Check = (value, field) => {
  if (typeof value !== 'boolean') fail(field, 'must be true or false')
}

const list = (least: number, most: number, item: Check): Check => (value, field) => {
  if (!Array.isArray(value) || value.length < least || value.length > most) {
    return fail(field, `must be a list of ${least} to ${most}`)
  }
  value.forEach((element, index) => item(element, `${field}[${index}]`))
}

/** Fields of an object; a `!` at the end of a name makes it required. */
const object = (fields: Record<string, Check>): Check => (value, field) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(field, 'must be an object')
  const rest = new Set(Object.keys(value).filter(key => (value as Record<string, CardValue>)[key] !== undefined))
  for (const [name, check] of Object.entries(fields)) {
    const key = name.replace('!', '')
    const path = field ? `${field}.${key}` : key
    if (rest.delete(key)) check((value as Record<string, CardValue>)[key], path)
    else if (key !== name) fail(path, 'is required')
  }
  for (const key of rest) fail(field ? `${field}.${key}` : key, 'is not a field of this card')
}

const action = { type: range(0, 2), url, appid: string, pagepath: string }
const key = bytes(limits.MAX_CARD_KEY_BYTES)
const option = object({ 'id!': bytes(limits.MAX_CARD_OPTION_ID_BYTES), 'text!': string, is_checked: boolean })
const button = object({ 'text!': string, style: range(1, 4), 'key!': key })
const title = object({ title: string, desc: string })
const submit = object({ 'text!': string, 'key!': key })
const select = object({
  'question_key!': key, title: string, disable: boolean, selected_id: bytes(limits.MAX_CARD_OPTION_ID_BYTES), 'option_list!': list(1, limits.MAX_CARD_SELECT_OPTIONS, option),
})

const taskId: Check = (value, field) => {
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

const shapes: Record<TemplateCard['card_type'], Check> = {
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
    // The page lets `task_id` out; without it nobody could tell which card was submitted.
    ...base,
    'main_title!': title,
    'task_id!': taskId,
    'select_list!': list(1, limits.MAX_CARD_SELECTS, select),
    'submit_button!': submit,
  }),
}

/**
 * Checks a card against every documented limit.
 * @returns the card, now of a known type
 * @throws {CardError} naming the first field that is wrong, and what it should be
 */
export function validateCard(card: unknown): TemplateCard {
  const type = (card as Partial<TemplateCard> | undefined)?.card_type
  const check = shapes[type!] as Check | undefined
  if (!check || !Object.hasOwn(shapes, type!)) return fail('card_type', `must be one of ${Object.keys(shapes).join(', ')}`)
  check(card, '')
  const valid = card as TemplateCard
  if (valid.action_menu && !valid.task_id) fail('task_id', 'is required with "action_menu"')
  if (valid.card_type === 'text_notice' && !valid.main_title?.title && !valid.sub_title_text) {
    fail('main_title.title', 'or "sub_title_text" is required')
  }
  if (valid.card_type === 'news_notice' && !valid.card_image && !valid.image_text_area) {
    fail('card_image', 'or "image_text_area" is required')
  }
  return valid
}

/**
 * Checks a card that goes to a webhook: a text or news notice that nobody can answer.
 * @returns the card, now of a known type
 * @throws {CardError}
 * @see https://developer.work.weixin.qq.com/document/path/99110
 */
export function validateWebhookCard(card: unknown): TextNotice | NewsNotice {
  const { card_type: type, horizontal_content_list: rows } = (card ?? {}) as Partial<TemplateCard>
  if (type !== 'text_notice' && type !== 'news_notice') {
    return fail('card_type', 'must be text_notice or news_notice: through a webhook nobody can answer a card')
  }
  for (const field of ['task_id', 'action_menu', 'feedback'] as const) {
    if ((card as TemplateCard)[field] !== undefined) fail(field, 'is not taken by webhooks')
  }
  if (!Array.isArray(rows)) return validateCard(card) as TextNotice | NewsNotice
  rows.forEach((row, index) => {
    if (row?.type === 2 || row?.media_id !== undefined) string(row.media_id, `horizontal_content_list[${index}].media_id`)
  })
  validateCard({ ...card as object, horizontal_content_list: rows.map(row => row && { ...row, media_id: undefined }) })
  return card as TextNotice | NewsNotice
}
