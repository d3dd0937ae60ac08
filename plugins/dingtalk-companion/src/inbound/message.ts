import type { SessionWebhook } from '../api/session-webhooks'
import type { Part } from './parts'

/** A message that another one replies to. */
export interface Quote {
  messageId?: string
  /** Key of a message or card that the robot has sent. */
  sentKey?: string
  /** Milliseconds since 1970. */
  time?: number
  isOwn: boolean
  senderId?: string
  /** Empty where DingTalk does not tell what the message says. */
  parts: Part[]
  /** Type of the message, as DingTalk names it. */
  type: string
}

/** A message to the robot, except for what it says. */
export interface IncomingMessage {
  id: string
  /** Milliseconds since 1970. */
  time: number
  /** Type of the message, as DingTalk names it. */
  type: string
  isDirect: boolean
  /** DingTalk's id of the conversation, also of direct ones. */
  conversationId: string
  title?: string
  corpId: string
  sender: {
    /** The staff id, or a substitute for people who have none. */
    id: string
    /** Only for people of the company. */
    staffId?: string
    name: string
    isAdmin: boolean
  }
  webhook?: SessionWebhook
}

/** What a message says. */
export interface MessageBody {
  /** Staff ids of other people that are mentioned. */
  mentions: string[]
  parts: Part[]
  quote?: Quote
}
