/**
 * What WeCom accepts as a reply.
 * @see https://developer.work.weixin.qq.com/document/path/101031
 */

import { createHash } from 'node:crypto'
import type { Payload } from './payload'

interface ImageItem {
  msgtype: string
  image?: { base64?: string, md5?: string }
}

export interface Reply {
  msgtype?: string
  response_type?: string
  text?: { content: string }
  stream?: { id: string, finish: boolean, content?: string, msg_item?: ImageItem[], feedback?: { id: string } }
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  template_card?: any
  userids?: string[]
}

const MAX_STREAM_BYTES = 20480
const MAX_PICTURES = 10
const MAX_PICTURE_BYTES = 10 * 1024 * 1024
const MAX_FEEDBACK_ID_BYTES = 256
const CARD_TYPES = ['text_notice', 'news_notice', 'button_interaction', 'vote_interaction', 'multiple_interaction']

function allowedReplyTypes({ msgtype, event }: Payload): string[] {
  if (msgtype === 'stream') return ['stream', 'stream_with_template_card']
  if (msgtype !== 'event') return ['stream', 'template_card', 'stream_with_template_card']
  const { eventtype } = event as { eventtype: string }
  if (eventtype === 'enter_chat') return ['text', 'template_card']
  return eventtype === 'template_card_event' ? ['update_template_card'] : []
}

function* imageFaults(items: ImageItem[]): Generator<string> {
  if (items.length > MAX_PICTURES) yield 'more than 10 pictures'
  for (const { msgtype, image } of items) {
    if (msgtype !== 'image' || !image?.base64) {
      yield 'an item that is not a picture'
      continue
    }
    const bytes = Buffer.from(image.base64, 'base64')
    if (bytes.length > MAX_PICTURE_BYTES) yield 'a picture of more than 10 MB'
    if (!['ffd8ff', '89504e'].includes(bytes.subarray(0, 3).toString('hex'))) yield 'a picture that is neither JPG nor PNG'
    if (createHash('md5').update(bytes).digest('hex') !== image.md5) yield 'a picture with a wrong md5'
  }
}

/** WeCom ignores a frame without visible content, and the bubble keeps spinning. */
function isVisible(content: string) {
  return /[^\s\p{Cc}\p{Cf}\u2800\u3164]/u.test(content.replace(/<think>\s*<\/think>/g, ''))
}

function* streamFaults(stream: NonNullable<Reply['stream']>): Generator<string> {
  const { id, finish, content = '', msg_item = [], feedback } = stream
  if (typeof id !== 'string' || !id) yield 'a stream without an id'
  if (typeof finish !== 'boolean') yield 'a stream whose finish is not a boolean'
  if (typeof content !== 'string') yield 'a stream whose content is not a string'
  else if (Buffer.byteLength(content) > MAX_STREAM_BYTES) yield 'more than 20480 bytes of content'
  else if (finish && !isVisible(content)) yield 'a finished stream without visible content'
  if (msg_item.length && !finish) yield 'pictures before the stream has finished'
  yield* imageFaults(msg_item)
  if (feedback && Buffer.byteLength(feedback.id) > MAX_FEEDBACK_ID_BYTES) yield 'a feedback id of more than 256 bytes'
}

function* cardFaults(card: Reply['template_card'], payload: Payload): Generator<string> {
  if (!CARD_TYPES.includes(card?.card_type)) return yield 'a card of unknown type'
  if (card.task_id !== undefined && !/^[\w@-]{1,128}$/.test(card.task_id)) yield 'an invalid task_id'
  const { template_card_event } = (payload.event ?? {}) as { template_card_event?: { task_id: string } }
  if (template_card_event && card.task_id !== template_card_event.task_id) yield 'a task_id other than the event\'s'
}

/** Yields what is wrong with a reply to this callback: nothing for a valid reply. */
export function* replyFaults(payload: Payload, reply: Reply): Generator<string> {
  const type = reply.msgtype ?? reply.response_type
  // Some bots send `{}` as the empty reply.
  if (!type && !Object.keys(reply).length) return
  if (!type || !allowedReplyTypes(payload).includes(type)) return yield `${type} is not a valid reply to ${payload.msgtype}`
  if (type === 'text' && !reply.text?.content) yield 'a text without content'
  if (type.startsWith('stream')) {
    if (!reply.stream) return yield 'no stream'
    yield* streamFaults(reply.stream)
    const requested = (payload.stream as { id: string } | undefined)?.id
    if (requested !== undefined && reply.stream.id !== requested) yield 'a stream other than the requested one'
  }
  if (type.endsWith('template_card')) yield* cardFaults(reply.template_card, payload)
}
