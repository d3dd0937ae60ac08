import { h } from 'koishi'
import type { Session } from 'koishi'

/**
 * Puts the mention of the bot back in front of a group message. DingTalk delivers group messages only when they mention
 * the bot, and the stock adapter drops the mention, so that Koishi would treat the message as not addressed to the bot.
 * Call it before anything reads `session.stripped`.
 */
export function restoreMention(session: Session) {
  const { elements, isDirect, selfId } = session
  if (isDirect || !elements || elements.some(({ type, attrs }) => type === 'at' && attrs.id === selfId)) return
  const [first, ...rest] = elements
  // The space behind the mention.
  const start = first?.type === 'text' ? h.text(String(first.attrs.content).trimStart()) : first
  session.elements = [h.at(selfId), ...start ? [start] : [], ...rest]
}
