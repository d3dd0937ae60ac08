import type { h, Session } from 'koishi'

/** A text for people: its path below `gemini-chat` in `locales/`, and the values to fill in. */
export type Message = [path: string, params?: object]

/** A message in the language of a session, as elements. */
export function localize(session: Session, ...[path, params]: Message): h[] {
  return session.i18n(`gemini-chat.${path}`, params)
}

/** A message in the language of a session, as plain text. */
export function localizeText(session: Session, ...message: Message): string {
  return localize(session, ...message).map(element => element.toString(true)).join('')
}
