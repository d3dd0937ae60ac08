import type { ActiveReply } from 'testkit'
import { Bubble } from 'testkit'

/** What the terminal shows of a card, and needs to click on it. */
export interface Card {
  card_type: string
  task_id?: string
  main_title?: { title?: string, desc?: string }
  sub_title_text?: string
  button_list?: { text: string, key: string }[]
}

/** A finished text. */
export function showText(text: string) {
  new Bubble(process.stdout).finish(text)
}

export function showCard({ main_title: { title, desc } = {}, sub_title_text, button_list = [] }: Card) {
  const buttons = button_list.map(({ text, key }) => `   [${text}]  /click ${key}`)
  showText(['🗂 ' + [title, desc, sub_title_text].filter(Boolean).join(' — '), ...buttons].join('\n'))
}

export function showActive({ body, errcode }: ActiveReply) {
  if (errcode) return showText(`↩ 主动回复不被接受 / an active reply was refused: ${errcode}`)
  showText('↩ response_url')
  if (body.template_card) showCard(body.template_card)
  else showText(body.markdown.content)
}
