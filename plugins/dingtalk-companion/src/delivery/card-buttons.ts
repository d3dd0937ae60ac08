import { MAX_CARD_PARAM_BYTES } from '../api/limits'

/** A button that a plugin puts below a message. */
export interface MessageButton {
  text: string
  /** Of the event `interaction/button`. */
  id?: string
  /** Address to open. */
  href?: string
  /** Text that a click sends. */
  input?: string
}

/**
 * The variable `buttons` of a card: a JSON list for a loop of the template, with as many buttons as fit.
 * Their action is `button`, with the parameter `id`.
 */
export function buttonsParam(buttons: readonly MessageButton[]): string {
  const list = buttons.map(({ href = '', id = '', input, text }) => {
    return { text, id: input ? `input:${input}` : id, url: href }
  })
  while (list.length && Buffer.byteLength(JSON.stringify(list)) > MAX_CARD_PARAM_BYTES) list.pop()
  return JSON.stringify(list)
}

/**
 * Buttons below a message, as links; one that sends a text is an address of DingTalk itself. Buttons with an event
 * need a card.
 * @see https://open.dingtalk.com/document/orgapp/message-link-description
 */
export function buttonLinks(buttons: readonly MessageButton[]): string {
  return buttons.flatMap(({ href, input, text }) => {
    const target = href ?? (input && `dtmd://dingtalkclient/sendMessage?content=${encodeURIComponent(input)}`)
    return target ? [`[${text.replace(/[[\]\\]/g, '\\$&')}](${target.replace(/[()\s]/g, encodeURIComponent)})`] : []
  }).join(' ')
}
