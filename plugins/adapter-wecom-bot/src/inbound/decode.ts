import { Universal, h } from 'koishi'
import type { MessageBody, Event, MediaLink, Message } from '../protocol/payload'
import { channelOf } from '../protocol/conversation'
import type { Referrer } from '../protocol/conversation'
import { removeMention } from './mention'

export { stripMention } from './mention'

/** Longer names of types are cut. */
const MAX_TYPE_CHARS = 64

/** Returns the URL that plugins read a file from; `undefined` if it cannot be read. */
type Attach = (link: MediaLink) => string | undefined

/**
 * Decodes a message to Koishi's event.
 * @param turn id of the turn that answers it
 * @param selfId the bot; every group message mentions it
 * @param name its display name in WeCom
 * @returns `undefined` if there is nothing in it that a plugin could read
 */
export function decode(
  message: Message,
  turn: string,
  selfId: string,
  name: string | undefined,
  attach: Attach,
): Partial<Universal.Event> | undefined {
  const { chatId, msgId, body, quote, unreadableQuote } = message
  const elements = decodeBody(body, attach)
  if (!elements || elements.every(isUnreadable)) return
  if (chatId) {
    removeMention(elements, name)
    elements.unshift(h.at(selfId))
  }
  // With a spread at its beginning, V8 of Node.js 20 would create a hidden class for each event.
  return Object.assign(addressOf(message, turn), {
    type: 'message',
    message: { id: msgId, elements, quote: quote ? decodeQuote(quote, attach) : unreadable(unreadableQuote) },
  })
}

/** User, channel and time of a callback as fields of Koishi's event. */
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
      // Fallback text for plugins that ignore this element.
      return [h('wecom-bot:location', { latitude, longitude, label }, [h.text(`${label} (${latitude}, ${longitude})`.trim())])]
    }
    case 'link':
      return [h('a', { href: body.url }, [h.text(body.title || body.url)]), h.text(body.text && `\n${body.text}`)]
    case 'mixed': {
      const elements = body.items.flatMap(item => item.type === 'unreadable' ? trace(item.name) : decodeBody(item, attach) ?? [])
      return elements.length ? elements : undefined
    }
    default:
      return body satisfies never
  }
}

function decodeQuote(body: MessageBody, attach: Attach): Universal.Message | undefined {
  const elements = decodeBody(body, attach)
  return elements && { elements, content: elements.join('') }
}

function unreadable(type: string | undefined): Universal.Message | undefined {
  if (!type) return
  const elements = [trace(type)]
  return { elements, content: elements.join('') }
}

/** What has an unknown type leaves a trace, so that plugins do not take the rest of the message for all there is. */
function trace(type: string): h {
  const name = type.slice(0, MAX_TYPE_CHARS)
  return h('wecom-bot:unreadable', { type: name }, [h.text(`[无法读取的消息：${name}]`)])
}

function isUnreadable({ type }: h) {
  return type === 'wecom-bot:unreadable'
}
