import { validateCard } from '../cards/card-schema'
import { MAX_STREAM_BYTES } from '../protocol/limits'
import type { TemplateCard } from '../protocol/template-card'
import type { MessagePart } from '../push/parts'
import { escapeMarkdown } from '../render/escape'
import type { Said } from '../render/said'
import { inWords } from '../render/said'
import { pieces } from '../render/split'

/** One message of the long connection. */
export interface SocketMessage {
  /** The text it stands for, to count what is lost. */
  words: string
  card?: TemplateCard
  /** Creates the body when it is to be sent: a file is uploaded first. */
  body(): Promise<object>
}

/** Uploads a file. Resolves to its `media_id`. */
export type Upload = (type: string, name: string, data: Buffer) => Promise<string>

/**
 * The messages of a push. Long texts are split into several.
 * @throws {CardError}
 * @see https://developer.work.weixin.qq.com/document/path/101463
 */
export function toSocketMessages(parts: MessagePart[], upload: Upload): SocketMessage[] {
  return parts.flatMap((part): SocketMessage[] => {
    switch (part.type) {
      case 'markdown':
        return markdown(part.content)
      case 'text':
        // There are no mentions in this dialect of Markdown.
        return markdown(escapeMarkdown([part.users.map(mention).join(' '), part.content].join(' ').trim()))
      case 'image':
        return [media('image', imageName(part.data), part.data, upload)]
      case 'file':
      case 'voice':
        return [media(part.type, part.name, part.data, upload)]
      case 'news':
        return markdown(part.articles.map(({ title, url, description }) => {
          return [`[${escapeMarkdown(title)}](${url})`, description && escapeMarkdown(description)].filter(Boolean).join('\n')
        }).join('\n\n'))
      case 'card':
        return [cardMessage(validateCard(part.card))]
    }
  })
}

/** The messages of an answer that its bubble cannot show: text, then images, then the card. */
export function answerMessages({ text, images = [], buttons, card }: Said, upload: Upload): SocketMessage[] {
  return [
    ...markdown(inWords({ text, buttons })),
    ...images.map(({ base64 }) => {
      const data = Buffer.from(base64, 'base64')
      return media('image', imageName(data), data, upload)
    }),
    ...card ? [cardMessage(card)] : [],
  ]
}

export function cardMessage(card: TemplateCard): SocketMessage {
  return { words: inWords({ text: '', card }), card, body: async () => ({ msgtype: 'template_card', template_card: card }) }
}

function markdown(text: string): SocketMessage[] {
  return pieces(text, MAX_STREAM_BYTES).map(content => ({
    words: content,
    body: async () => ({ msgtype: 'markdown', markdown: { content } }),
  }))
}

function media(type: 'image' | 'file' | 'voice', name: string, data: Buffer, upload: Upload): SocketMessage {
  return {
    words: type === 'image' ? '[图片]' : `[${name}]`,
    body: async () => ({ msgtype: type, [type]: { media_id: await upload(type, name, data) } }),
  }
}

function mention(user: string) {
  return user.startsWith('@') ? user : `@${user}`
}

function imageName(data: Buffer) {
  return data[0] === 0xff ? 'image.jpg' : 'image.png'
}
