/**
 * What WeCom accepts as the body of a frame.
 * @see https://developer.work.weixin.qq.com/document/path/101463
 */

import { Violation, errors } from './frame'
import type { Uploads } from './uploads'

const MAX_CONTENT_BYTES = 20480
const MAX_FEEDBACK_ID_BYTES = 256
const CARD_TYPES = ['text_notice', 'news_notice', 'button_interaction', 'vote_interaction', 'multiple_interaction']
const MEDIA_TYPES = ['file', 'image', 'voice', 'video']

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Body = any

/** WeCom ignores a frame without visible content, and the bubble keeps spinning. */
function isVisible(content: string) {
  return /[^\s\p{Cc}\p{Cf}\u2800\u3164]/u.test(content.replace(/<think>\s*<\/think>/g, ''))
}

function refuse(message: string, errcode: number = errors.parameter): never {
  throw new Violation(errcode, message)
}

/** @throws {Violation} */
export function checkStream(stream: Body) {
  const { id, finish, content, msg_item: items, feedback } = stream ?? {}
  if (typeof id !== 'string' || !id) refuse('a stream without an id')
  if (typeof finish !== 'boolean') refuse('a stream whose finish is not a boolean')
  if (typeof content !== 'string') refuse('a stream whose content is not a string')
  checkContent(content)
  if (finish && !isVisible(content)) refuse('a last frame without visible content')
  if (items !== undefined) refuse('msg_item, which the long connection does not support')
  checkFeedback(feedback)
}

/** @throws {Violation} */
export function checkCard(card: Body) {
  if (!CARD_TYPES.includes(card?.card_type)) refuse('a card of unknown type')
  if (card.task_id !== undefined && !/^[\w@-]{1,128}$/.test(card.task_id)) refuse('an invalid task_id')
}

/** A body that is a message of its own. @throws {Violation} */
export function checkMessage(body: Body, allowed: string[], uploads: Uploads, now: number) {
  const type = body?.msgtype as string
  if (!allowed.includes(type)) refuse(`${type} where ${allowed.join(', ')} are allowed`, errors.messageType)
  if (type === 'template_card') return checkCard(body.template_card)
  if (MEDIA_TYPES.includes(type)) return uploads.require(type, body[type]?.media_id, now)
  const { content, feedback } = body[type] ?? {}
  if (typeof content !== 'string' || !isVisible(content)) refuse(`a ${type} without visible content`)
  checkContent(content)
  checkFeedback(feedback)
}

function checkContent(content: string) {
  if (Buffer.byteLength(content) > MAX_CONTENT_BYTES) refuse('more than 20480 bytes of content')
}

function checkFeedback(feedback: Body) {
  if (feedback !== undefined && (typeof feedback.id !== 'string' || Buffer.byteLength(feedback.id) > MAX_FEEDBACK_ID_BYTES)) {
    refuse('an invalid feedback id')
  }
}
