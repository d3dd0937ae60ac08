import { Universal, h } from 'koishi'
import { stripMention } from './mention'
import type { Event, MediaLink, Message, MessageBody } from '../protocol/payload'
import { channelOf } from '../protocol/conversation'
import type { Referrer } from '../protocol/conversation'

/** Gives the address that plugins may read a file from; `undefined` where nobody can. */
type Attach = (link: MediaLink) => string | undefined

/**
 * A message as Koishi's event.
 * @param selfId the bot, which every group message is addressed to
 * @param name its display name in WeCom
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
    // A picture may come before the words.
    const first = elements.find(element => element.type === 'text')
    if (first) first.attrs.content = stripMention(first.attrs.content, name)
    elements.unshift(h.at(selfId))
  }
  return {
    ...addressOf(message, turn),
    type: 'message',
    message: { id: msgId, elements, quote: quote && decodeQuote(quote, attach) },
  }
}

/** Who says something where, as Koishi's event tells it. */
export function addressOf(callback: Message | Event, turn?: string): Partial<Universal.Event> {
  const { chatId, userId, userName, createTime } = callback
  return {
    user: { id: userId, name: userName ?? userId },
    channel: { id: channelOf(callback), type: chatId ? Universal.Channel.Type.TEXT : Universal.Channel.Type.DIRECT },
    guild: chatId ? { id: chatId } : undefined,
    member: chatId ? {} : undefined,
    timestamp: createTime ? createTime * 1000 : undefined,
    referrer: turn ? { turn } satisfies Referrer : undefined,
  }
}

function decodeBody(body: MessageBody, attach: Attach): h[] | undefined {
  switch (body.type) {
    case 'text':
    case 'voice':
      return body.text.trim() ? [h.text(body.text)] : undefined
    case 'image':
    case 'file':
    case 'video':
    case 'audio': {
      const src = attach(body.media)
      return src ? [h(body.type === 'image' ? 'img' : body.type, { src })] : undefined
    }
    case 'location': {
      const { latitude, longitude, label } = body
      // Who knows no places reads the text in it.
      return [h('wecom-bot:location', { latitude, longitude, label }, [h.text(`${label} (${latitude}, ${longitude})`.trim())])]
    }
    case 'link':
      return [h('a', { href: body.url }, [h.text(body.title || body.url)]), h.text(body.text && `\n${body.text}`)]
    case 'mixed': {
      const elements = body.items.flatMap(item => decodeBody(item, attach) ?? [])
      return elements.length ? elements : undefined
    }
  }
}

function decodeQuote(body: MessageBody, attach: Attach): Universal.Message | undefined {
  const elements = decodeBody(body, attach)
  return elements && { elements, content: elements.join('') }
}
