import { createHash } from 'node:crypto'
import { validatePush } from './card'
import { Part } from './part'
import { Body } from './queue'
import { pieces } from './split'
import { Webhook, WEBHOOK_LIMIT } from './webhook'

/** Most bytes of a `text` message. */
const TEXT_LIMIT = 2048

/**
 * The messages of a push as a webhook takes them: what is too long becomes several.
 * @param chatId for webhooks that reach more than one chat
 * @throws {CardError} where a card is not one of those that webhooks take
 * @see https://developer.work.weixin.qq.com/document/path/99110
 */
export function toBodies(parts: Part[], webhook: Pick<Webhook, 'upload'>, chatId?: string): Body[] {
  // All are looked at before the first is made: a push that cannot be sent whole is not begun.
  const cards = new Map(parts.map(part => [part, part.type === 'card' ? validatePush(part.card) : undefined]))
  const chat = chatId ? { chatid: chatId } : {}
  return parts.flatMap((part): Body[] => {
    switch (part.type) {
      case 'markdown':
        return pieces(part.content, WEBHOOK_LIMIT).map(content => ({ ...chat, msgtype: 'markdown_v2', markdown_v2: { content } }))
      case 'text':
        return pieces(part.content, TEXT_LIMIT).map((content, index) => ({
          ...chat,
          msgtype: 'text',
          // Nobody is called twice.
          text: index ? { content } : { content, mentioned_list: part.users },
        }))
      case 'image':
        return [{ ...chat, msgtype: 'image', image: encode(part.data) }]
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

function encode(data: Buffer) {
  return { base64: data.toString('base64'), md5: createHash('md5').update(data).digest('hex') }
}
