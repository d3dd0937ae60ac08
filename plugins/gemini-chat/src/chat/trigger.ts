import type { Session } from 'koishi'

/** Whether a message is meant for the bot: a direct chat, or a group message that mentions or names it. */
export function isAddressed(session: Pick<Session, 'isDirect' | 'stripped'>): boolean {
  if (session.isDirect) return true
  return session.stripped.appel || session.stripped.atSelf
}
