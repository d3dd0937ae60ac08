import type { Tree } from './xml'

/** What a callback comes from: an intelligent bot, a self-built app or a legacy group robot. */
export type Surface = 'aibot' | 'app' | 'robot'

/** Where a callback comes from, if not from an intelligent bot. */
export type CallbackSource =
  /** A self-built app. https://developer.work.weixin.qq.com/document/path/90238 */
  | { name: 'app', corpId: string, agentId: string }
  /** A legacy group robot. `chatId` is set in single chats, too. */
  | { name: 'robot', chatId?: string, isJson: boolean }

/** Fields of every callback. */
export interface CallbackBase {
  /** WeCom repeats a callback that was not answered under the same id. */
  msgId: string
  /** `aibotid`; `app:<AgentID>` or `robot` for callbacks that do not come from an intelligent bot. */
  botId: string
  userId: string
  /** Legacy group robots only. */
  userName?: string
  /** Group chats only; opaque and case-sensitive. */
  chatId?: string
  /** Seconds since 1970. */
  createTime?: number
  /** Takes one message within an hour. A bearer secret. */
  responseUrl?: string
  source?: CallbackSource
  /** Clicks on cards of a self-built app: updates the card, once. A bearer secret. */
  responseCode?: string
  /** The webhook of a legacy group robot. A bearer secret. */
  webhookUrl?: string
}

/** A link to ciphertext, valid for five minutes. A bearer secret. */
export interface MediaLink {
  url: string
  /** Without it, the bot's own EncodingAESKey decrypts the file. */
  aesKey?: string
  /** The file is not encrypted. Only links of intelligent bots are. */
  isPlain?: true
  /** Self-built apps: id to download with through the API where there is no link. */
  mediaId?: string
}

/** The content of a message, or of a quoted message. */
export type MessageBody =
  | { type: 'text', text: string }
  /** A transcript; WeCom sends no audio. */
  | { type: 'voice', text: string }
  | { type: 'image' | 'file' | 'video', media: MediaLink }
  | { type: 'mixed', items: (MessageBody | UnreadablePart)[] }
  /** Self-built apps of enterprises without transcripts. AMR. */
  | { type: 'audio', media: MediaLink }
  /** Self-built apps only. */
  | { type: 'location', latitude: number, longitude: number, label: string }
  | { type: 'link', title: string, text: string, url: string }

/** A part of a mixed message that this version does not support. */
export interface UnreadablePart {
  type: 'unreadable'
  /** As WeCom names it. */
  name: string
}

export interface Message extends CallbackBase {
  kind: 'message'
  body: MessageBody
  quote?: MessageBody
  /** Type of a quoted message that this version does not support. */
  unreadableQuote?: string
}

/** WeCom polls a stream for its next frame. */
export interface Poll extends CallbackBase {
  kind: 'poll'
  streamId: string
}

export interface Click {
  cardType: string
  key: string
  taskId: string
  /** Chosen option ids by question key. */
  selected: Record<string, string[]>
}

export interface Feedback {
  /** The `feedback.id` of the rated reply. */
  id: string
  opinion: 'like' | 'dislike' | 'withdrawn'
  text: string
  reasons: number[]
}

export type Event = CallbackBase & { kind: 'event' } & (
  | { type: 'enter-chat' }
  | { type: 'card-click', click: Click }
  | { type: 'feedback', feedback: Feedback }
  /** `data`: the event's other fields, names in lower case without underscores; not for intelligent bots. */
  | { type: 'unknown', name: string, data?: Tree }
)

/** A message type that this version does not support. */
export interface UnknownMessage extends CallbackBase {
  kind: 'unknown'
  name: string
}

export type Payload = Message | Poll | Event | UnknownMessage
