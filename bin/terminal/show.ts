import type { ActiveReply } from 'testkit'
import { Bubble } from 'testkit'

/** The fields of a template card that are displayed or needed for a click. */
export interface TemplateCard {
  card_type: string
  task_id?: string
  main_title?: { title?: string, desc?: string }
  sub_title_text?: string
  button_list?: { text: string, key: string }[]
}

/** Prints a complete text. */
export function showText(text: string) {
  new Bubble(process.stdout).finish(text)
}

export function showCard({ main_title: { title, desc } = {}, sub_title_text, button_list = [] }: TemplateCard) {
  const buttons = button_list.map(({ text, key }) => `   [${text}]  /click ${key}`)
  showText(['🗂 ' + [title, desc, sub_title_text].filter(Boolean).join(' — '), ...buttons].join('\n'))
}

export function showActiveReply({ body, errcode }: ActiveReply) {
  if (errcode) return showText(`↩ 主动回复被拒绝 / an active reply was rejected: errcode ${errcode}`)
  showText('↩ response_url')
  if (body.template_card) showCard(body.template_card)
  else showText(body.markdown.content)
}
