import { createHash } from 'node:crypto'
import { validateCard, validateWebhookCard } from '../cards/card-schema'
import type { MessagePart } from './parts'
import { toPlainText } from 'common/markdown'
import type { PendingBody } from '../api/send-queue'
import { pieces } from '../render/split'
import { MAX_TEXT_BYTES, MAX_WEBHOOK_MARKDOWN_BYTES } from '../protocol/limits'
import type { Webhook } from '../api/webhook'

/**
 * Request bodies for a group webhook. Long texts are split into several messages.
 * @param chatId the chat, for webhooks that serve several
 * @throws {CardError} if webhooks do not accept a card
 * @see https://developer.work.weixin.qq.com/document/path/99110
 */
export function toWebhookBodies(parts: MessagePart[], webhook: Pick<Webhook, 'upload'>, chatId?: string): PendingBody[] {
  // Validate all cards first: a push is sent whole or not at all.
  const cards = new Map(parts.map(part => [part, part.type === 'card' ? validateWebhookCard(part.card) : undefined]))
  const chat = chatId ? { chatid: chatId } : {}
  return parts.flatMap((part): PendingBody[] => {
    switch (part.type) {
      case 'markdown':
        return pieces(part.content, MAX_WEBHOOK_MARKDOWN_BYTES).map(content => ({ ...chat, msgtype: 'markdown_v2', markdown_v2: { content } }))
      case 'text':
        return pieces(part.content, MAX_TEXT_BYTES).map((content, index) => ({
          ...chat,
          msgtype: 'text',
          // Mention people only once.
          text: index ? { content } : { content, mentioned_list: part.users },
        }))
      case 'image':
        return [{ ...chat, msgtype: 'image', image: encodeImage(part.data) }]
      case 'file':
      case 'voice': {
        const { type, name, data } = part
        return [webhook.upload(type, name, data).then(id => ({ ...chat, msgtype: type, [type]: { media_id: id } }))]
      }
      case 'news':
        return [{ ...chat, msgtype: 'news', news: { articles: part.articles } }]
      case 'card':
        return [{ ...chat, msgtype: 'template_card', template_card: cards.get(part) }]
    }
  })
}

function encodeImage(data: Buffer) {
  return { base64: data.toString('base64'), md5: createHash('md5').update(data).digest('hex') }
}

/** Uploads a file. Resolves to its `media_id`. */
type Upload = (type: string, name: string, data: Buffer) => Promise<string>

/**
 * Request bodies for a self-built app. Long texts are split into several messages. Each body is created when it is to
 * be sent, since it may need an upload.
 * @throws {CardError}
 * @see https://developer.work.weixin.qq.com/document/path/90236
 */
export function toAppBodies(parts: MessagePart[], format: 'markdown' | 'text', upload: Upload): (() => Promise<object>)[] {
  const cards = new Map(parts.map(part => [part, part.type === 'card' ? validateCard(part.card) : undefined]))
  return parts.flatMap((part): (() => Promise<object>)[] => {
    switch (part.type) {
      case 'markdown':
        if (format === 'text') return texts(toPlainText(part.content))
        return pieces(part.content, MAX_TEXT_BYTES).map(content => async () => ({ msgtype: 'markdown', markdown: { content } }))
      case 'text':
        return texts(part.content)
      case 'image':
        return [async () => mediaBody('image', await upload('image', 'image.png', part.data))]
      case 'file':
      case 'voice':
        return [async () => mediaBody(part.type, await upload(part.type, part.name, part.data))]
      case 'news':
        return [async () => ({ msgtype: 'news', news: { articles: part.articles } })]
      case 'card':
        return [async () => ({ msgtype: 'template_card', template_card: cards.get(part) })]
    }
  })
}

function texts(text: string) {
  return pieces(escapeAppText(text), MAX_TEXT_BYTES).map(content => async () => ({ msgtype: 'text', text: { content } }))
}

function mediaBody(type: string, id: string) {
  return { msgtype: type, [type]: { media_id: id } }
}

/** Apps render `<a>` in text as a link. A zero-width space prevents it. */
export function escapeAppText(content: string): string {
  return content.replace(/<(?=\/?a\b)/gi, '<\u200b')
}
