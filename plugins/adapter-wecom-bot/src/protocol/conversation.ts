/** The conversation a callback belongs to. A turn's stream may only be read from inside it. */
export interface Owner {
  botId: string
  userId: string
  /** Group chats only. */
  chatId?: string
}

/** Whether `asker` may read what belongs to `owner`: same bot and same group, or in a single chat the same person. */
export function owns(owner: Owner, asker: Owner): boolean {
  if (owner.botId !== asker.botId || owner.chatId !== asker.chatId) return false
  return !!owner.chatId || owner.userId === asker.userId
}

/** Koishi's channel id: the group's `chatid`, or `private:` and the user id for a single chat. */
export function channelOf({ chatId, userId }: { chatId?: string, userId: string }): string {
  return chatId ?? `private:${userId}`
}

/** The user id of a single chat's channel id; `undefined` for groups. */
export function userOf(channelId: string): string | undefined {
  return /^private:(.+)$/s.exec(channelId)?.[1]
}

/** `session.event.referrer` of our sessions. It leads a reply to the turn it belongs to. */
export interface Referrer {
  /** The turn's id. */
  turn: string
}
