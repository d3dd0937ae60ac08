import type { Session } from 'koishi'
import { traitsOf } from '../delivery/platforms'

/**
 * Who shares a conversation in a group: each person has one per group (`user-in-channel`), all people of a group share
 * one (`channel`), or each person has one for all groups (`user`). A direct chat is always a conversation of its own.
 */
export const scopes = ['user-in-channel', 'channel', 'user'] as const

export type Scope = typeof scopes[number]

/** The parts of a session that say where a message was written. */
export type Address = Pick<
  Session, 'platform' | 'selfId' | 'isDirect' | 'channelId' | 'guildId' | 'userId'
> & { event?: Pick<Session['event'], '_data'> }

/** The key of the channel (and thread) a message was written in, the same for all people. */
export function channelKeyOf(address: Address): string {
  const { isDirect, channelId, userId } = address
  return isDirect ? joinKey('direct', address, userId, threadOf(address)) : joinKey('channel', address, channelId, threadOf(address))
}

/**
 * The key of the conversation a message belongs to. It contains the scope, so that a change of scope never puts people
 * into a conversation that others had before. Display names are not part of it, because they repeat, nor is `guildId`,
 * which all chats of a company may share.
 */
export function conversationKeyOf(address: Address, scope: Scope = 'user-in-channel'): string {
  const { isDirect, channelId, userId } = address
  if (isDirect || scope === 'channel') return channelKeyOf(address)
  return scope === 'user' ? joinKey(scope, address, userId) : joinKey(scope, address, userId, channelId, threadOf(address))
}

function threadOf(address: Address) {
  return traitsOf(address.platform).threadOf?.(address)
}

function joinKey(kind: string, { platform, selfId }: Address, id?: string, ...place: (string | undefined)[]) {
  return [kind, platform, selfId, id, ...place].map(part => encodeURIComponent(part ?? '')).join(':')
}
