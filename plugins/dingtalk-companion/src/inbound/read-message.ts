import type { IncomingMessage, MessageBody } from './message'
import { readParts } from './parts'
import { readQuote } from './quote'

interface AtUser {
  dingtalkId?: string
  staffId?: string
}

/** A message of the callback, as far as it is the same for all types. */
interface RawMessage {
  msgId: string
  msgtype: string
  createAt?: number | string
  conversationType?: string
  conversationId: string
  conversationTitle?: string
  senderId?: string
  senderStaffId?: string
  senderNick?: string
  chatbotCorpId?: string
  chatbotUserId?: string
  isAdmin?: boolean
  atUsers?: AtUser[]
  sessionWebhook?: string
  sessionWebhookExpiredTime?: number
  text?: object
  content?: object | string
}

/**
 * Reads from whom a message comes, and where it was written.
 * @returns `undefined` for what is no message
 * @see https://open.dingtalk.com/document/orgapp/receive-message
 */
export function readMessage(data: unknown): IncomingMessage | undefined {
  const raw = (data ?? {}) as Partial<RawMessage>
  const { msgId: id, msgtype: type, conversationId, senderId, senderStaffId: staffId = '', senderNick } = raw
  const { sessionWebhook: url, sessionWebhookExpiredTime: expiresAt } = raw
  const senderKey = staffId || senderId
  if (!id || !type || !conversationId || !senderKey) return
  return {
    id,
    time: Number(raw.createAt) || 0,
    type,
    isDirect: raw.conversationType !== '2',
    conversationId,
    title: raw.conversationTitle,
    corpId: raw.chatbotCorpId ?? '',
    sender: { id: senderKey, staffId: staffId || undefined, name: senderNick || senderKey, isAdmin: !!raw.isAdmin },
    webhook: url && expiresAt ? { url, lifeMs: expiresAt - (Number(raw.createAt) || 0) } : undefined,
  }
}

/**
 * Reads what a message says.
 * @param botName display name of the robot, where it is known
 * @throws {TypeError} where the message has another form than DingTalk documents
 */
export function readBody({ isDirect, type }: IncomingMessage, data: unknown, botName?: string): MessageBody {
  const raw = data as Partial<RawMessage>
  const { chatbotUserId } = raw
  const atUsers = mentionsOf(raw)
  const people = atUsers.filter(({ dingtalkId, staffId }) => staffId && dingtalkId !== chatbotUserId)
  const content = contentOf(raw)
  // Other mentions may stand before that of the robot.
  const isFirst = people.length === 0 || atUsers[0]?.dingtalkId === chatbotUserId
  return {
    mentions: people.map(({ staffId }) => staffId!),
    parts: readParts(type, content, isDirect ? undefined : { name: botName, isFirst }),
    quote: readQuote(data, content, chatbotUserId),
  }
}

/** Mentions of a form that is not documented are left out: the text beside them can be answered. */
function mentionsOf({ atUsers }: Partial<RawMessage>): AtUser[] {
  return Array.isArray(atUsers) ? atUsers.filter(user => typeof user === 'object' && user) : []
}

/** What the message says: in `text` of texts, in `content` of others, which some clients send as a JSON text. */
function contentOf({ msgtype, text, content }: Partial<RawMessage>): object {
  if (msgtype === 'text') return text ?? {}
  if (typeof content !== 'string') return content ?? {}
  try {
    const parsed: unknown = JSON.parse(content)
    return typeof parsed === 'object' && parsed ? parsed : {}
  } catch {
    return {}
  }
}
