import type { Session } from 'koishi'

/** These deliver a group message only when it mentions the bot, and their adapters drop the mention itself. */
const mentionOnly = new Set(['dingtalk'])

/** Whether a message is meant for the bot: said to it alone, or in a group with its name. */
export function isAddressed(session: Pick<Session, 'isDirect' | 'platform' | 'stripped'>): boolean {
  if (session.isDirect || mentionOnly.has(session.platform)) return true
  return session.stripped.appel || session.stripped.atSelf
}
