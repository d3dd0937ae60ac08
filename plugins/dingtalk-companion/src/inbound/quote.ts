import type { Quote } from './message'
import { readParts } from './parts'

interface QuotingContent {
  isReplyMsg?: boolean
  repliedMsg?: {
    msgType?: string
    msgId?: string
    senderId?: string
    createdAt?: number
    content?: object | string
  }
}

interface QuotingMessage {
  originalMsgId?: string
  originalProcessQueryKey?: string
  /** As clients of earlier years send it. */
  quoteMessage?: { msgId?: string, msgtype?: string, senderId?: string, text?: object }
}

/**
 * Reads which message another one replies to.
 * @param content what the message itself says
 * @param chatbotUserId the robot, as a sender
 */
export function readQuote(data: unknown, content: object, chatbotUserId?: string): Quote | undefined {
  const { originalMsgId, originalProcessQueryKey: sentKey, quoteMessage } = data as QuotingMessage
  const { isReplyMsg, repliedMsg } = content as QuotingContent
  const own = (senderId?: string) => !!senderId && senderId === chatbotUserId
  if (repliedMsg) {
    const { msgId, msgType: type = 'text', senderId, createdAt: time } = repliedMsg
    const isOwn = own(senderId) || !!sentKey
    const parts = readParts(type, contentOf(type, repliedMsg.content))
    return { messageId: msgId ?? originalMsgId, sentKey, time, isOwn, senderId, parts, type }
  }
  if (quoteMessage) {
    const { msgId, msgtype: type = 'text', senderId, text = {} } = quoteMessage
    return { messageId: msgId, sentKey, isOwn: own(senderId), senderId, parts: readParts(type, text), type }
  }
  if (isReplyMsg || sentKey) return { messageId: originalMsgId, sentKey, isOwn: !!sentKey, parts: [], type: 'unknown' }
}

function contentOf(type: string, content: object | string = {}): object {
  if (typeof content !== 'string') return content
  try {
    const parsed: unknown = JSON.parse(content)
    if (typeof parsed === 'object' && parsed) return parsed
  } catch {}
  return type === 'text' ? { text: content } : {}
}
