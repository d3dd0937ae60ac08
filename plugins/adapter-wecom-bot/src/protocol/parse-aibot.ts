import { Refusal } from './callback-error'
import { readRobot, readXml } from './parse-xml'
import type { Tree } from './tree'
import { toTree } from './tree'
import { isXml } from './xml'

/** Where a callback comes from, if not from an intelligent bot. */
export type Surface =
  /** A self-built app. https://developer.work.weixin.qq.com/document/path/90238 */
  | { name: 'app', corpId: string, agentId: string }
  /** A group robot of the older kind. Its chat is named also where it is a single one. */
  | { name: 'robot', chatId?: string, isJson: boolean }

/** What every callback says of itself. */
export interface Base {
  /** The platform repeats a callback it got no answer to under the same id. */
  msgId: string
  /** `aibotid`; of other surfaces a name that no bot has. */
  botId: string
  userId: string
  /** Group robots of the older kind only. */
  userName?: string
  /** Group chats only; opaque and case-sensitive. */
  chatId?: string
  /** Seconds since 1970. */
  createTime?: number
  /** May be posted to once, within an hour. A bearer secret. */
  responseUrl?: string
  surface?: Surface
  /** Of a click on a card of a self-built app: updates the card, once. A bearer secret. */
  responseCode?: string
  /** Of a group robot of the older kind: its own webhook. A bearer secret. */
  webhookUrl?: string
}

/** A link to ciphertext, valid for five minutes. A bearer secret. */
export interface MediaLink {
  url: string
  /** Where absent, the bot's own EncodingAESKey decrypts it. */
  aesKey?: string
  /** What the link leads to is not encrypted: outside the intelligent bot nothing is. */
  isPlain?: true
  /** Of a self-built app, whose API hands it out where there is no link. */
  mediaId?: string
}

/** What a person can say, and what can be quoted. */
export type Body =
  | { type: 'text', text: string }
  /** Already a transcript; there is no audio. */
  | { type: 'voice', text: string }
  | { type: 'image' | 'file' | 'video', media: MediaLink }
  | { type: 'mixed', items: Body[] }
  /** Self-built apps only, where the enterprise has no transcripts. AMR. */
  | { type: 'audio', media: MediaLink }
  /** Self-built apps only. */
  | { type: 'location', latitude: number, longitude: number, label: string }
  | { type: 'link', title: string, text: string, url: string }

export interface Message extends Base {
  kind: 'message'
  body: Body
  quote?: Body
}

/** WeCom asks how the answer stands. */
export interface Poll extends Base {
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
  /** The `feedback.id` of the reply it is about. */
  id: string
  opinion: 'like' | 'dislike' | 'withdrawn'
  text: string
  reasons: number[]
}

export type Event = Base & { kind: 'event' } & (
  | { type: 'enter-chat' }
  | { type: 'card-click', click: Click }
  | { type: 'feedback', feedback: Feedback }
  /** `data` of other surfaces only: what else is in it, names in lower case and without underscores. */
  | { type: 'unknown', name: string, data?: Tree }
)

/** A message type this version does not know. */
export interface Unknown extends Base {
  kind: 'unknown'
  name: string
}

export type Payload = Message | Poll | Event | Unknown

type Raw = Record<string, unknown>

/**
 * Reads the decrypted text of a callback.
 * @throws {Refusal} `payload` where a field without which it cannot be answered is missing or of another type
 * @see https://developer.work.weixin.qq.com/document/path/100719
 * @see https://developer.work.weixin.qq.com/document/path/101027
 */
export function parse(plaintext: string): Payload {
  if (isXml(plaintext)) return readXml(plaintext)
  const raw = record(json(plaintext))
  if (!raw) throw new Refusal('payload', 'not a JSON object')
  if (raw.webhook_url !== undefined) return readRobot(toTree(raw), true)
  const name = text(raw.msgtype)
  if (!name) throw new Refusal('payload', 'no "msgtype"')
  const msgId = text(raw.msgid)
  if (!msgId) throw new Refusal('payload', 'no "msgid"')
  const userId = text(record(raw.from)?.userid)
  if (!userId && name !== 'event') throw new Refusal('payload', 'no "from.userid"')
  const chatId = text(raw.chatid)
  if (raw.chattype === 'group' && !chatId) throw new Refusal('payload', 'group without "chatid"')
  const base: Base = {
    msgId,
    botId: text(raw.aibotid) ?? '',
    userId: userId ?? '',
    chatId: raw.chattype === 'single' ? undefined : chatId,
    createTime: typeof raw.create_time === 'number' ? raw.create_time : undefined,
    responseUrl: text(raw.response_url)?.trim(),
  }
  if (name === 'stream') {
    const streamId = text(record(raw.stream)?.id)
    if (!streamId) throw new Refusal('payload', 'no "stream.id"')
    return { kind: 'poll', streamId, ...base }
  }
  if (name === 'event') return { kind: 'event', ...event(record(raw.event)), ...base }
  const body = content(raw)
  if (!body) return { kind: 'unknown', name, ...base }
  const quote = record(raw.quote)
  return { kind: 'message', body, quote: quote && content(quote), ...base }
}

function content(raw: Raw): Body | undefined {
  const type = raw.msgtype
  switch (type) {
    case 'text':
    case 'voice':
      return { type, text: text(record(raw[type])?.content) ?? '' }
    case 'image':
    case 'file':
    case 'video': {
      const media = record(raw[type])
      const url = text(media?.url)?.trim()
      return url ? { type, media: { url, aesKey: text(media?.aeskey) } } : undefined
    }
    case 'mixed': {
      const items = record(raw.mixed)?.msg_item
      if (!Array.isArray(items)) return undefined
      // Runs hold no runs: what is nested deeper could only exhaust the stack.
      const runs = items.map(record).filter(item => item && item.msgtype !== type)
      return { type, items: runs.map(item => content(item!)).filter(item => item !== undefined) }
    }
  }
}

function event(raw: Raw = {}) {
  const name = text(raw.eventtype) ?? ''
  // The official SDK's types have the fields beside `eventtype`; on the wire they are nested under its name.
  const detail = record(raw[name]) ?? raw
  switch (name) {
    case 'enter_chat':
      return { type: 'enter-chat' as const }
    case 'template_card_event':
      return { type: 'card-click' as const, click: click(detail) }
    case 'feedback_event':
      return { type: 'feedback' as const, feedback: feedback(detail) }
    default:
      return { type: 'unknown' as const, name }
  }
}

function click(raw: Raw): Click {
  const selected: [key: string, ids: string[]][] = []
  for (const item of list(record(raw.selected_items)?.selected_item)) {
    const { question_key: key, option_ids: options } = record(item) ?? {}
    const ids = list(record(options)?.option_id)
    if (typeof key === 'string') selected.push([key, ids.filter(id => typeof id === 'string')])
  }
  return {
    cardType: text(raw.card_type) ?? '',
    key: text(raw.event_key) ?? '',
    taskId: text(raw.task_id) ?? '',
    selected: Object.fromEntries(selected),
  }
}

function feedback(raw: Raw): Feedback {
  return {
    id: text(raw.id) ?? '',
    opinion: raw.type === 1 ? 'like' : raw.type === 2 ? 'dislike' : 'withdrawn',
    text: text(raw.content) ?? '',
    reasons: list(raw.inaccurate_reason_list).filter(reason => typeof reason === 'number'),
  }
}

function json(source: string): unknown {
  try {
    return JSON.parse(source)
  } catch {
    // WeCom has been seen to leave control characters of a message unescaped.
    return lenient(source)
  }
}

function lenient(source: string): unknown {
  // Strings may be left open: an expression that insisted on their end would look for it from every quote again.
  const escaped = source.replace(/"(?:[^"\\]|\\[^]?)*"?/g, string => string.replace(/[\0-\x1f]/g, (char) => {
    return '\\u' + char.charCodeAt(0).toString(16).padStart(4, '0')
  }))
  try {
    return JSON.parse(escaped)
  } catch {
    throw new Refusal('payload', 'not JSON')
  }
}

function record(value: unknown): Raw | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Raw : undefined
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value ? value : undefined
}
