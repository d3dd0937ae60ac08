import type { Credential } from './crypto'
import { encrypt } from './crypto'
import type { TemplateCard } from './template-card'

/** An image in the closing frame of a stream. */
export interface InlineImage {
  base64: string
  /** MD5 of the raw bytes, in hex. */
  md5: string
}

const sent = Symbol('sent')

/** The plaintext of a reply. Immutable once it is sent, so that its ciphertext can be kept. */
export interface Reply {
  [name: string]: unknown
  /** Whether it was sent; from the second time on, as what. */
  [sent]?: true | Pick<Credential, 'key' | 'receiveId'> & { ciphertext: string }
}

/**
 * Encrypts a reply as JSON. The ciphertext is kept from the second time on: a frame that does not change is sent for
 * every poll, each time with a signature of its own.
 * @returns base64
 */
export function encryptReply(reply: Reply, credential: Credential): string {
  const { key, receiveId } = credential
  const before = reply[sent]
  if (before && before !== true && before.key === key && before.receiveId === receiveId) return before.ciphertext
  const ciphertext = encrypt(credential, JSON.stringify(reply))
  reply[sent] = before ? { key, receiveId, ciphertext } : true
  return ciphertext
}

const lastReply = Symbol('last reply')

/** Content of a stream. Each frame replaces the previous one. */
export interface Frame {
  /** Markdown of at most `MAX_STREAM_BYTES`. */
  content: string
  /** Closes the stream: WeCom stops polling, and the content cannot change any more. */
  finish: boolean
  /** With `finish` only. */
  images?: InlineImage[]
  /** The reply that last contained this frame. A frame that does not change is polled many times. */
  [lastReply]?: StreamReply
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
  const last = frame[lastReply]
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
  if (!finish) frame[lastReply] = reply
  return reply
}

/** Releases what `streamReply` keeps for a frame: another one will be asked for. */
export function forgetReply(frame: Frame) {
  frame[lastReply] = undefined
}

/** A text. WeCom accepts it in reply to `enter_chat` only. */
export function textReply(content: string): Reply {
  return { msgtype: 'text', text: { content } }
}

/** A card alone, in reply to `enter_chat`. Elsewhere cards are sent with a stream. */
export function cardReply(card: TemplateCard): Reply {
  return { msgtype: 'template_card', template_card: card }
}

/**
 * Replaces a clicked card. Must be sent within `REPLY_TIMEOUT_MS` and keep the card's `task_id`.
 * @param userIds people who see the update; everyone unless given
 * @see https://developer.work.weixin.qq.com/document/path/101032
 */
export function cardUpdateReply(card: TemplateCard, userIds?: string[]): Reply {
  return { response_type: 'update_template_card', userids: userIds, template_card: card }
}
