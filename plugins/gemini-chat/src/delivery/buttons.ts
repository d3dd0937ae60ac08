import { h } from 'koishi'
import type { Session } from 'koishi'
import { localizeText } from '../messages/i18n'

/** The buttons of an answer. A click sends a command in the name of the user. */
export function controls(session: Session, done: boolean): h[] {
  const names = done ? ['retry', 'reset'] : ['stop']
  return names.map((name) => {
    return h('button', { id: `gemini.${name}`, type: 'input', text: `gemini.${name}` }, h.text(localizeText(session, `buttons.${name}`)))
  })
}
