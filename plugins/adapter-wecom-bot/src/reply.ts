import { TemplateCard } from './card'

/** An image inside a finished stream. */
export interface InlineImage {
  base64: string
  /** Of the raw bytes, in hex. */
  md5: string
}

/** The bubble as it stands: each frame replaces the one before. */
export interface Frame {
  /** Markdown, at most 20,480 bytes. */
  content: string
  /** Ends the polling; nothing can be changed afterwards. */
  finish: boolean
  /** With `finish` only. */
  images?: InlineImage[]
}

/** Most bytes of a stream's content, and of a Markdown message through `response_url`. */
export const MARKDOWN_LIMIT = 20480

/**
 * The body of a passive reply that opens, continues or ends a stream.
 * @see https://developer.work.weixin.qq.com/document/path/101031
 */
export function streamReply(
  id: string,
  { content, finish, images }: Frame,
  card?: TemplateCard,
  feedback?: string,
): object {
  const stream = {
    id,
    finish,
    content,
    feedback: feedback ? { id: feedback } : undefined,
    msg_item: images?.length ? images.map(image => ({ msgtype: 'image', image })) : undefined,
  }
  if (!card) return { msgtype: 'stream', stream }
  return { msgtype: 'stream_with_template_card', stream, template_card: card }
}

/** The only reply that may be plain text: to `enter_chat`. */
export function textReply(content: string): object {
  return { msgtype: 'text', text: { content } }
}

/**
 * Replaces a card that was clicked. It must come within five seconds and keep the card's `task_id`.
 * @param userIds who sees it so; everybody, unless given
 */
export function cardUpdate(card: TemplateCard, userIds?: string[]): object {
  return { response_type: 'update_template_card', userids: userIds, template_card: card }
}
