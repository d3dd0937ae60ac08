import type { Clock } from '../clock'
import type { DingtalkApiError } from './api-error'
import { invalid } from './api-error'

/** An accepted message of the robot. */
export interface RobotMessage {
  /** The group. */
  conversationId?: string
  /** The recipients of direct messages. */
  userIds?: string[]
  msgKey: string
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  param: any
  processQueryKey: string
  at: number
}

/**
 * The required field of each message type.
 * @see https://open.dingtalk.com/document/orgapp/types-of-messages-sent-by-robots
 */
const REQUIRED_FIELDS: Record<string, string> = {
  sampleText: 'content', sampleMarkdown: 'text', sampleImageMsg: 'photoURL', sampleLink: 'text', sampleFile: 'mediaId',
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

  constructor(private readonly clock: Clock, private readonly robotCode: string) {}

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  send(body: any, isGroup: boolean): DingtalkApiError | object {
    const { robotCode, msgKey, msgParam, userIds, openConversationId } = body
    if (robotCode !== this.robotCode) return invalid('robotCode', 'robot not exist')
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
}
