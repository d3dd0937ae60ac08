import { Universal, h } from 'koishi'
import { stripMention } from './mention'
import { Body, Event, MediaLink, Message } from './payload'

/** Koishi's id of the chat a callback comes from; a single chat is told from a group by its prefix. */
export function channelOf({ chatId, userId }: { chatId?: string, userId: string }): string {
  return chatId ?? `private:${userId}`
}

/** What the referrer of a session says: by it, whatever is sent finds the turn it belongs to. */
export interface Referrer {
  turn: string
}

type Attach = (link: MediaLink) => string

/**
 * A message as Koishi's event.
 * @param selfId the bot, which every group message is addressed to
 * @param name its display name in WeCom
 * @param attach takes a link and gives the address that plugins may read it from
 * @returns `undefined` where there is nothing a plugin could read
 */
export function decode(
  message: Message,
  turn: string,
  selfId: string,
  name: string | undefined,
  attach: Attach,
): Partial<Universal.Event> | undefined {
  const { chatId, msgId, body, quote } = message
  const elements = decodeBody(body, attach)
  if (!elements) return
  if (chatId) {
    const [first] = elements
    if (first?.type === 'text') first.attrs.content = stripMention(first.attrs.content, name)
    elements.unshift(h.at(selfId))
  }
  return {
    ...addressOf(message, turn),
    type: 'message',
    message: { id: msgId, elements, quote: quote && decodeQuote(quote, attach) },
  }
}

/** Who says something where, as Koishi's event tells it. */
export function addressOf(callback: Message | Event, turn: string): Partial<Universal.Event> {
  const { chatId, userId, createTime } = callback
  return {
    user: { id: userId, name: userId },
    channel: { id: channelOf(callback), type: chatId ? Universal.Channel.Type.TEXT : Universal.Channel.Type.DIRECT },
    guild: chatId ? { id: chatId } : undefined,
    member: chatId ? {} : undefined,
    timestamp: createTime ? createTime * 1000 : undefined,
    referrer: { turn } satisfies Referrer,
  }
}

function decodeBody(body: Body, attach: Attach): h[] | undefined {
  switch (body.type) {
    case 'text':
    case 'voice':
      return body.text.trim() ? [h.text(body.text)] : undefined
    case 'image':
      return [h.image(attach(body.media))]
    case 'file':
    case 'video':
      return [h(body.type, { src: attach(body.media) })]
    case 'mixed': {
      const elements = body.items.flatMap(item => decodeBody(item, attach) ?? [])
      return elements.length ? elements : undefined
    }
  }
}

function decodeQuote(body: Body, attach: Attach): Universal.Message | undefined {
  const elements = decodeBody(body, attach)
  return elements && { elements, content: elements.join('') }
}
