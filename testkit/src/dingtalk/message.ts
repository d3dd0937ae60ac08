import { randomUUID } from 'node:crypto'

/** The sender and the chat of a message. */
export interface MessageOrigin {
  userId?: string
  /** The group; `undefined` for a direct chat. */
  conversationId?: string
  /** Repeat an id to repeat a message. */
  msgId?: string
  /** The sender does not belong to the company: the callback carries no staff id. */
  isExternal?: boolean
  /** The app whose robot the message is for; the first one by default. */
  robotCode?: string
  /** Other people that the message mentions, by staff id. */
  mentions?: string[]
  /** The message that this one replies to. */
  quote?: QuotedMessage
}

/** A message that another one replies to. */
export interface QuotedMessage {
  msgId: string
  senderId?: string
  body: MessageBody
  /** Key of a card or message of the robot, in place of its text, which DingTalk does not tell. */
  processQueryKey?: string
}

type RichTextItem = { text: string } | { type: 'picture', downloadCode: string }

/** A text, or a message of another type. */
export type MessageBody = string
  | { msgtype: 'picture', content: { downloadCode: string } }
  | { msgtype: 'file', content: { downloadCode: string, fileName: string } }
  | { msgtype: 'audio', content: { downloadCode: string, recognition?: string, duration?: number } }
  | { msgtype: 'video', content: { downloadCode: string, videoType?: string, duration?: number } }
  | { msgtype: 'richText', content: { richText: RichTextItem[] } }
  | { msgtype: 'interactiveCard' | 'unknownMsgType', content: { fileName?: string, biz_custom_action_url?: string } }

export interface CallbackOptions {
  robotCode: string
  now: number
  webhook?: { url: string, expiresAt: number }
}

/**
 * The callback for a message to the robot. In groups, the text begins with the space that followed the mention.
 * @see https://open.dingtalk.com/document/orgapp/receive-message
 */
export function callbackData(body: MessageBody, origin: MessageOrigin, { robotCode, now, webhook }: CallbackOptions) {
  const { userId = 'manager4220', conversationId, msgId = `msg${randomUUID()}`, isExternal, mentions = [], quote } = origin
  const content = typeof body === 'string' ? { msgtype: 'text', text: { content: conversationId ? ` ${body}` : body } } : body
  const people = mentions.map(staffId => ({ dingtalkId: `$:LWCP_v1:$${staffId}`, staffId }))
  return {
    msgId,
    createAt: now,
    conversationType: conversationId ? '2' : '1',
    conversationId: conversationId ?? `cid-${userId}==`,
    ...conversationId && { conversationTitle: '测试群', isInAtList: true },
    senderId: `$:LWCP_v1:$${userId}`,
    ...!isExternal && { senderStaffId: userId },
    senderNick: userId,
    senderCorpId: 'dingcorp',
    senderPlatform: 'Mac',
    chatbotCorpId: 'dingcorp',
    chatbotUserId: '$:LWCP_v1:$bot',
    robotCode,
    isAdmin: false,
    atUsers: conversationId ? [{ dingtalkId: '$:LWCP_v1:$bot' }, ...people] : [],
    sessionWebhookExpiredTime: webhook?.expiresAt ?? now + 5_400_000,
    sessionWebhook: webhook?.url ?? 'https://oapi.dingtalk.com/robot/sendBySession?session=spec',
    ...content,
    ...quote && withQuote(content, quote, now),
  }
}

/** The fields that describe the quoted message: in `text` of a text, in `content` of other messages. */
function withQuote(message: { text?: object, content?: object }, quote: QuotedMessage, now: number) {
  const { msgId, senderId = '$:LWCP_v1:$bob', body, processQueryKey } = quote
  const [msgType, content] = typeof body === 'string' ? ['text', { text: body }] : [body.msgtype, body.content]
  const reply = { isReplyMsg: true, repliedMsg: { msgId, msgType, senderId, createdAt: now - 1000, content } }
  return {
    originalMsgId: msgId,
    ...processQueryKey && { originalProcessQueryKey: processQueryKey },
    ...message.text ? { text: { ...message.text, ...reply } } : { content: { ...message.content, ...reply } },
  }
}
