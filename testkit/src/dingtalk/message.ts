import { randomUUID } from 'node:crypto'

/** The sender and the chat of a message. */
export interface MessageOrigin {
  userId?: string
  /** The group; `undefined` for a direct chat. */
  conversationId?: string
  /** Repeat an id to repeat a message. */
  msgId?: string
}

/** A text, or a message of another type. */
export type MessageBody = string
  | { msgtype: 'picture', content: { downloadCode: string } }
  | { msgtype: 'file', content: { downloadCode: string, fileName: string } }
  | { msgtype: 'audio', content: { downloadCode: string, recognition?: string } }
  | { msgtype: 'richText', content: { richText: ({ text: string } | { type: 'picture', downloadCode: string })[] } }

/**
 * The callback for a message to the robot. In groups, the text begins with the space that followed the mention.
 * @see https://open.dingtalk.com/document/orgapp/receive-message
 */
export function callbackData(body: MessageBody, place: MessageOrigin, robotCode: string, now: number) {
  const { userId = 'manager4220', conversationId, msgId = `msg${randomUUID()}` } = place
  const content = typeof body === 'string' ? { msgtype: 'text', text: { content: conversationId ? ` ${body}` : body } } : body
  return {
    msgId,
    createAt: now,
    conversationType: conversationId ? '2' : '1',
    conversationId: conversationId ?? `cid-${userId}==`,
    ...conversationId && { conversationTitle: '测试群', isInAtList: true },
    senderId: `$:LWCP_v1:$${userId}`,
    senderStaffId: userId,
    senderNick: userId,
    senderCorpId: 'dingcorp',
    senderPlatform: 'Mac',
    chatbotCorpId: 'dingcorp',
    chatbotUserId: '$:LWCP_v1:$bot',
    robotCode,
    isAdmin: false,
    atUsers: conversationId ? [{ dingtalkId: '$:LWCP_v1:$bot' }] : [],
    sessionWebhookExpiredTime: now + 5_400_000,
    sessionWebhook: 'https://oapi.dingtalk.com/robot/sendBySession?session=spec',
    ...content,
  }
}
