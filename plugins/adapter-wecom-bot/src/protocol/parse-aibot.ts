import { CallbackError } from './callback-error'
import { parseRobot, parseXmlPayload } from './parse-xml'
import type { CallbackBase, Click, Feedback, MessageBody, Payload, UnreadablePart } from './payload'
import { isXml, toTree } from './xml'

type Raw = Record<string, unknown>

/**
 * Parses the decrypted text of a callback, whatever sends it.
 * @throws {CallbackError} `payload` if a field that the reply needs is missing or has another type
 * @see https://developer.work.weixin.qq.com/document/path/100719
 * @see https://developer.work.weixin.qq.com/document/path/101027
 */
export function parsePayload(plaintext: string): Payload {
  if (isXml(plaintext)) return parseXmlPayload(plaintext)
  const raw = record(parseJson(plaintext))
  if (!raw) throw new CallbackError('payload', 'not a JSON object')
  return raw.webhook_url === undefined ? parseAibotPayload(raw) : parseRobot(toTree(raw), true)
}

/**
 * Parses a callback of an intelligent bot. Over the long connection it is the body of a frame.
 * @throws {CallbackError} `payload`
 */
export function parseAibotPayload(raw: Raw): Payload {
  const name = text(raw.msgtype)
  if (!name) throw new CallbackError('payload', 'no "msgtype"')
  const msgId = text(raw.msgid)
  if (!msgId) throw new CallbackError('payload', 'no "msgid"')
  const userId = text(record(raw.from)?.userid)
  if (!userId && name !== 'event') throw new CallbackError('payload', 'no "from.userid"')
  const chatId = text(raw.chatid)
  if (raw.chattype === 'group' && !chatId) throw new CallbackError('payload', 'group without "chatid"')
  const base: CallbackBase = {
    msgId,
    botId: text(raw.aibotid) ?? '',
    userId: userId ?? '',
    chatId: raw.chattype === 'single' ? undefined : chatId,
    createTime: typeof raw.create_time === 'number' ? raw.create_time : undefined,
    responseUrl: text(raw.response_url)?.trim(),
  }
  if (name === 'stream') {
    const streamId = text(record(raw.stream)?.id)
    if (!streamId) throw new CallbackError('payload', 'no "stream.id"')
    return { kind: 'poll', streamId, ...base }
  }
  if (name === 'event') return { kind: 'event', ...event(record(raw.event)), ...base }
  const body = content(raw)
  if (!body) return { kind: 'unknown', name, ...base }
  const quoted = record(raw.quote)
  const quote = quoted && content(quoted)
  const unreadableQuote = quoted && !quote ? text(quoted.msgtype) : undefined
  return { kind: 'message', body, quote, ...unreadableQuote && { unreadableQuote }, ...base }
}

function content(raw: Raw): MessageBody | undefined {
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
      return { type, items: items.map(record).flatMap(item => item ? part(item) : []) }
    }
  }
}

function part(item: Raw): (MessageBody | UnreadablePart)[] {
  // WeCom does not nest mixed messages. Not reading nested ones keeps crafted callbacks from exhausting the stack.
  const body = item.msgtype === 'mixed' ? undefined : content(item)
  const name = text(item.msgtype)
  return body ? [body] : name ? [{ type: 'unreadable', name }] : []
}

function event(raw: Raw = {}) {
  const name = text(raw.eventtype) ?? ''
  // The official SDK declares the fields beside `eventtype`. WeCom sends them nested under the event's name.
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

/**
 * Parses JSON as WeCom writes it.
 * @throws {CallbackError} `payload`
 */
export function parseJson(source: string): unknown {
  try {
    return JSON.parse(source)
  } catch {
    // Some messages contain unescaped control characters.
    return parseLenient(source)
  }
}

function parseLenient(source: string): unknown {
  // The closing quote is optional: requiring it would make the match quadratic in unterminated strings.
  const escaped = source.replace(/"(?:[^"\\]+|\\[^]?)*"?/g, (string) => {
    return string.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t').replace(/[\0-\x1f]/g, escapeControl)
  })
  try {
    return JSON.parse(escaped)
  } catch {
    throw new CallbackError('payload', 'not JSON')
  }
}

const controlEscapes = Array.from({ length: 32 }, (_, code) => `\\u${code.toString(16).padStart(4, '0')}`)

function escapeControl(character: string) {
  return controlEscapes[character.charCodeAt(0)]
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
