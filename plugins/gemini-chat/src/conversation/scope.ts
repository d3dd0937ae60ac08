import type { Session } from 'koishi'

/**
 * Who shares a conversation in a group: `user-in-channel` everybody has one there, `channel` all have the same one,
 * `user` everybody has one that goes along through all groups. A direct chat is always its own.
 */
export const scopes = ['user-in-channel', 'channel', 'user'] as const

export type Scope = typeof scopes[number]

/** What the address of a message is made of. */
export type Address = Pick<
  Session, 'platform' | 'selfId' | 'isDirect' | 'channelId' | 'guildId' | 'userId'
> & { event?: Pick<Session['event'], '_data'> }

/** Where platforms put the thread of a message, beside its channel. */
const threads: Record<string, (address: Address) => string | undefined> = {
  lark: larkThread,
  feishu: larkThread,
  slack: ({ event }) => event?._data?.event?.thread_ts,
  // The channel of a topic is its number, which is unique only within its group.
  telegram: ({ guildId, channelId }) => guildId === channelId ? undefined : guildId,
}

function larkThread({ event }: Address) {
  return event?._data?.event?.message?.thread_id
}

/** Names the place a message was said in, whoever said it. */
export function channelKeyOf(address: Address): string {
  const { isDirect, channelId, userId } = address
  return isDirect ? joinKey('direct', address, userId, threadOf(address)) : joinKey('channel', address, channelId, threadOf(address))
}

/**
 * Names the conversation a message belongs to. The name holds the scope: after a change of scope nobody finds himself
 * in a conversation that others had before. Display names take no part, for they repeat, nor does `guildId`,
 * which all chats of a company have in common.
 */
export function conversationKeyOf(address: Address, scope: Scope = 'user-in-channel'): string {
  const { isDirect, channelId, userId } = address
  if (isDirect || scope === 'channel') return channelKeyOf(address)
  return scope === 'user' ? joinKey(scope, address, userId) : joinKey(scope, address, userId, channelId, threadOf(address))
}

function threadOf(address: Address) {
  return threads[address.platform]?.(address)
}

function joinKey(kind: string, { platform, selfId }: Address, id?: string, ...place: (string | undefined)[]) {
  return [kind, platform, selfId, id, ...place].map(part => encodeURIComponent(part ?? '')).join(':')
}
