import type { Session } from 'koishi'

/**
 * Names the conversation a message belongs to: this person, in this place, with this bot. A direct chat has no place.
 * Display names and `guildId` take no part: names repeat, and DingTalk gives every chat of a company the same guild.
 */
export function scopeOf(session: Pick<Session, 'platform' | 'selfId' | 'isDirect' | 'channelId' | 'userId'>): string {
  const place = session.isDirect ? '' : session.channelId
  return [session.platform, session.selfId, place, session.userId].map(id => encodeURIComponent(id ?? '')).join(':')
}
