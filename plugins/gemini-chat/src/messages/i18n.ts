import type { h, Session } from 'koishi'

/** Something to tell people, by its path under `gemini-chat` in `locales/`, and what to fill in. */
export type Message = [path: string, params?: object]

/** A message in the language of a session, ready to be sent. */
export function localize(session: Session, ...[path, params]: Message): h[] {
  return session.i18n(`gemini-chat.${path}`, params)
}

/** The same as plain text. */
export function localizeText(session: Session, ...message: Message): string {
  return localize(session, ...message).map(element => element.toString(true)).join('')
}
