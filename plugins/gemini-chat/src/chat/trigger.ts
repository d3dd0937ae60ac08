import type { Session } from 'koishi'

/** Whether a message is meant for the bot: said to it alone, or in a group with its name. */
export function isAddressed(session: Pick<Session, 'isDirect' | 'stripped'>): boolean {
  if (session.isDirect) return true
  return session.stripped.appel || session.stripped.atSelf
}
