import type { TemplateCard } from './template-card'

/** An image inside a finished stream. */
export interface InlineImage {
  base64: string
  /** Of the raw bytes, in hex. */
  md5: string
}

const spelled = Symbol('spelled')

/** The plaintext of a reply, as an object that no longer changes. */
export interface Reply {
  [name: string]: unknown
  [spelled]?: string
}

/** The JSON of a reply: once, where it is given again and again. */
export function stringifyOnce(reply: Reply): string {
  return reply[spelled] ??= JSON.stringify(reply)
}

const replied = Symbol('replied')

/** The bubble as it stands: each frame replaces the one before. */
export interface Frame {
  /** Markdown of at most `MAX_STREAM_BYTES`. */
  content: string
  /** Ends the polling; nothing can be changed afterwards. */
  finish: boolean
  /** With `finish` only. */
  images?: InlineImage[]
  /** The reply it was last sent in: a bubble that stands still is asked for again and again, until it is finished. */
  [replied]?: StreamReply
}

interface StreamReply extends Reply {
  msgtype: 'stream' | 'stream_with_template_card'
  stream: { id: string, feedback?: { id: string } }
  template_card?: TemplateCard
}

/**
 * The body of a passive reply that opens, continues or ends a stream.
 * @see https://developer.work.weixin.qq.com/document/path/101031
 */
export function streamReply(id: string, frame: Frame, card?: TemplateCard, feedback?: string): Reply {
  const last = frame[replied]
  if (last?.stream.id === id && last.stream.feedback?.id === feedback && last.template_card === card) return last
  const { content, finish, images } = frame
  const stream = {
    id,
    finish,
    content,
    feedback: feedback ? { id: feedback } : undefined,
    msg_item: images?.length ? images.map(image => ({ msgtype: 'image', image })) : undefined,
  }
  const reply: StreamReply = card
    ? { msgtype: 'stream_with_template_card', stream, template_card: card }
    : { msgtype: 'stream', stream }
  if (!finish) frame[replied] = reply
  return reply
}

/** The only reply that may be plain text: to `enter_chat`. */
export function textReply(content: string): Reply {
  return { msgtype: 'text', text: { content } }
}

/** A card alone: to `enter_chat`, for in a chat it goes along with a stream. */
export function cardReply(card: TemplateCard): Reply {
  return { msgtype: 'template_card', template_card: card }
}

/**
 * Replaces a card that was clicked. It must come within five seconds and keep the card's `task_id`.
 * @param userIds who sees it so; everybody, unless given
 */
export function cardUpdateReply(card: TemplateCard, userIds?: string[]): Reply {
  return { response_type: 'update_template_card', userids: userIds, template_card: card }
}
