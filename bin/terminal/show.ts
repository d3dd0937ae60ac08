import type { ActiveReply } from 'testkit'
import { Bubble } from 'testkit'
import { cardText } from './card'

/** Prints a complete text. */
export function showText(text: string) {
  new Bubble(process.stdout).finish(text)
}

/** @param onCard called with a card, which can be clicked from then on */
export function showActiveReply({ body, errcode }: ActiveReply, onCard: (card: never) => void) {
  if (errcode) return showText(`↩ 主动回复被拒绝 / an active reply was rejected: errcode ${errcode}`)
  showText('↩ response_url')
  if (body.template_card) {
    onCard(body.template_card as never)
    showText(cardText(body.template_card))
  } else showText(body.markdown.content)
}
