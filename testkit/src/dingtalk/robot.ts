import type { Clock } from '../clock'
import type { DingtalkApiError } from './api-error'
import { invalid, oldApiError } from './api-error'
import type { MessageOrigin } from './message'

/** An accepted message of the robot. */
export interface RobotMessage {
  /** The group. */
  conversationId?: string
  /** The recipients of direct messages. */
  userIds?: string[]
  msgKey: string
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  param: any
  /** Empty for replies by webhook. */
  processQueryKey: string
  at: number
  /** The people that a reply by webhook mentions. */
  mentions?: string[]
  isRecalled?: boolean
}

/** Milliseconds that a sessionWebhook lives. */
const SESSION_LIFE_MS = 5_400_000

interface Session {
  chat: Pick<RobotMessage, 'conversationId' | 'userIds'>
  expiresAt: number
}

/**
 * The required field of each message type.
 * @see https://open.dingtalk.com/document/orgapp/types-of-messages-sent-by-robots
 */
const REQUIRED_FIELDS: Record<string, string> = {
  sampleText: 'content', sampleMarkdown: 'text', sampleImageMsg: 'photoURL', sampleLink: 'text', sampleFile: 'mediaId',
  sampleAudio: 'mediaId', sampleVideo: 'videoMediaId',
}

function parse(text: unknown) {
  try {
    return JSON.parse(text as string)
  } catch {}
}

/**
 * The API for messages sent by the robot.
 * @see https://open.dingtalk.com/document/orgapp/chatbots-send-one-on-one-chat-messages-in-batches
 * @see https://open.dingtalk.com/document/orgapp/the-robot-sends-a-group-message
 */
export class Robot {
  readonly sent: RobotMessage[] = []
  private readonly sessions = new Map<string, Session>()

  constructor(private readonly clock: Clock, private readonly robotCodes: string[]) {}

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  send(body: any, isGroup: boolean): DingtalkApiError | object {
    const { robotCode, msgKey, msgParam, userIds, openConversationId } = body
    if (!this.robotCodes.includes(robotCode)) return invalid('robotCode', 'robot not exist')
    if (typeof msgParam !== 'string' || Buffer.byteLength(msgParam) > 15_000) return invalid('msgParam', 'msgParam is too long')
    const param = parse(msgParam)
    if (!REQUIRED_FIELDS[msgKey] || !param?.[REQUIRED_FIELDS[msgKey]]) return invalid('msgParam', 'msgParam is illegal')
    if (isGroup && !openConversationId) return invalid('openConversationId', 'openConversationId is empty')
    if (!isGroup && !(userIds?.length >= 1 && userIds.length <= 20)) return invalid('userIds', 'userIds is illegal')
    const processQueryKey = `query-${this.sent.length + 1}`
    const to = isGroup ? { conversationId: openConversationId } : { userIds }
    this.sent.push({ ...to, msgKey, param, processQueryKey, at: this.clock.now() })
    return { processQueryKey, ...isGroup ? {} : { invalidStaffIdList: [], flowControlledStaffIdList: [] } }
  }

  /** Opens a session, which replies by webhook refer to. @param origin of the message that is replied to */
  openSession({ userId = 'manager4220', conversationId }: MessageOrigin, baseUrl: string) {
    const id = `session-${this.sessions.size + 1}`
    const expiresAt = this.clock.now() + SESSION_LIFE_MS
    this.sessions.set(id, { chat: conversationId ? { conversationId } : { userIds: [userId] }, expiresAt })
    return { url: `${baseUrl}/robot/sendBySession?session=${id}`, expiresAt }
  }

  /**
   * A reply by webhook.
   * @see https://open.dingtalk.com/document/orgapp/robot-reply-and-send-messages
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  reply({ session: id, msgtype, at, ...body }: any): object {
    const session = this.sessions.get(id)
    if (!session || session.expiresAt <= this.clock.now()) return oldApiError(300001, 'session is not exist or expired')
    const param = body[msgtype]
    const field = { text: 'content', markdown: 'text' }[msgtype as string]
    if (!field || !param?.[field] || (msgtype === 'markdown' && !param.title)) return oldApiError(40035, '缺少参数')
    const mentions: string[] = at?.atUserIds ?? []
    const missing = mentions.find(user => !param[field].includes(`@${user}`))
    if (missing) return oldApiError(40035, `the text does not contain @${missing}`)
    this.sent.push({ ...session.chat, msgKey: msgtype, param, processQueryKey: '', at: this.clock.now(), mentions })
    return { errcode: 0, errmsg: 'ok' }
  }

  /** Takes messages back. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  recall({ robotCode, processQueryKeys = [] }: any): DingtalkApiError | object {
    if (!this.robotCodes.includes(robotCode)) return invalid('robotCode', 'robot not exist')
    const known = this.sent.filter(({ processQueryKey }) => processQueryKeys.includes(processQueryKey))
    for (const message of known) message.isRecalled = true
    const found = known.map(({ processQueryKey }) => processQueryKey)
    const failedResult = processQueryKeys.filter((key: string) => !found.includes(key)).map((key: string) => [key, 'not exist'])
    return { successResult: found, failedResult: Object.fromEntries(failedResult) }
  }
}
