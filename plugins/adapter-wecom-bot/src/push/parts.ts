import { h } from 'koishi'
import { MAX_FILE_BYTES, MAX_IMAGE_BYTES, MAX_VOICE_BYTES, MIN_FILE_BYTES } from '../protocol/limits'
import { readCard } from '../protocol/template-card'
import { webhookDialect } from '../render/dialect'
import { GrowingMarkdown } from '../render/growing-markdown'
import { renderElements } from '../render/markdown'
import { detectFileType } from 'common/files'
import type { Article } from '../render/news'
import { readNews } from '../render/news'
import { toPlainText } from 'common/markdown'
import { inWords } from '../render/said'
import type { OpenFile } from '../media/outgoing-files'

/** One message of a push. */
export type MessagePart =
  | { type: 'markdown', content: string }
  /** The only type that can mention people. */
  | { type: 'text', content: string, users: string[] }
  /** JPG or PNG of at most `MAX_IMAGE_BYTES`. */
  | { type: 'image', data: Buffer }
  | { type: 'file' | 'voice', name: string, data: Buffer }
  | { type: 'news', articles: Article[] }
  /** Not validated: which cards are accepted depends on where it is sent. */
  | { type: 'card', card: unknown }

/** Elements that become messages of their own. */
const standalone = new Set(['img', 'image', 'audio', 'video', 'file', 'wecom-bot:card', 'wecom-bot:news'])
/** Elements that are not split for standalone elements inside. */
const indivisible = new Set(['ul', 'ol', 'table', 'markdown', 'code', 'pre', 'code-block', 'button'])

/**
 * Splits elements into messages, in order. What cannot be sent is replaced by a placeholder.
 * @throws {NewsError}
 * @throws {CardError} if a card is not JSON
 */
export async function composeParts(elements: h[], open: OpenFile): Promise<MessagePart[]> {
  const runs: h[][] = []
  let last: h[] | undefined
  for (const element of elements.flatMap(flatten)) {
    if (standalone.has(element.type)) {
      runs.push([element])
      last = undefined
    } else if (last) {
      last.push(element)
    } else {
      runs.push(last = [element])
    }
  }
  const parts = await Promise.all(runs.map(run => standalone.has(run[0].type) ? single(run[0], open) : text(run)))
  return join(parts.flat())
}

/** Moves standalone elements to the top level. The elements around them are repeated around what remains. */
function flatten(element: h): h[] {
  if (standalone.has(element.type) || !containsStandalone(element)) return [element]
  const result: h[] = []
  let run: h[] = []
  const flush = () => {
    if (run.length) result.push(h(element.type, element.attrs, run))
    run = []
  }
  for (const child of element.children.flatMap(flatten)) {
    if (!standalone.has(child.type)) {
      run.push(child)
      continue
    }
    flush()
    result.push(child)
  }
  flush()
  return result
}

function containsStandalone({ type, children }: h): boolean {
  return !indivisible.has(type) && children.some(child => standalone.has(child.type) || containsStandalone(child))
}

/** Text with mentions becomes a `text` message, other text a `markdown` message. */
function text(run: h[]): MessagePart[] {
  const users = [...new Set(mentions(run))]
  const elements = users.length ? run.map(withoutMentions) : run
  const { text, images, buttons } = renderElements(elements, new GrowingMarkdown(webhookDialect))
  const content = inWords({ text, buttons })
  const pictures = images.map(({ base64 }): MessagePart => ({ type: 'image', data: Buffer.from(base64, 'base64') }))
  if (users.length) return [{ type: 'text', content: toPlainText(content) || users.map(user => `@${user}`).join(' '), users }, ...pictures]
  return content ? [{ type: 'markdown', content }, ...pictures] : pictures
}

function mentions(elements: h[]): string[] {
  return elements.flatMap(element => isMention(element) ? [mentionedUser(element)] : mentions(element.children))
}

function isMention({ type, attrs }: h) {
  return type === 'at' && (attrs.type === 'all' || !!attrs.id)
}

function mentionedUser({ attrs }: h) {
  return attrs.type === 'all' ? '@all' : String(attrs.id)
}

/** WeCom adds the mentioned names itself. */
function withoutMentions(element: h): h {
  if (isMention(element)) return h.text('')
  return element.children.length ? h(element.type, element.attrs, element.children.map(withoutMentions)) : element
}

async function single(element: h, open: OpenFile): Promise<MessagePart[]> {
  const { type, attrs } = element
  if (type === 'wecom-bot:card') return [{ type: 'card', card: readCard(attrs.content) }]
  if (type === 'wecom-bot:news') return [{ type: 'news', articles: readNews(element) }]
  const isPicture = type === 'img' || type === 'image'
  const file = await open(String(attrs.src ?? attrs.url ?? ''), isPicture)
  if (!file) return text([element])
  const { data } = file
  const kind = detectFileType(data) ?? ''
  const name = String(attrs.title ?? attrs.file ?? file.name ?? `${isPicture ? 'image' : type}${extensions[kind] ?? ''}`)
  if (isPicture && /^image\/(?:png|jpeg)$/.test(kind) && data.length <= MAX_IMAGE_BYTES) {
    return [{ type: 'image', data }]
  }
  if (data.length < MIN_FILE_BYTES || data.length > MAX_FILE_BYTES) {
    return [{ type: 'markdown', content: renderElements([h.text(`[${name}：${data.length > MAX_FILE_BYTES ? '过大' : '过小'}，未发送]`)]).text }]
  }
  const isVoice = type === 'audio' && kind === 'audio/amr' && data.length <= MAX_VOICE_BYTES
  return [{ type: isVoice ? 'voice' : 'file', name, data }]
}

const extensions: Record<string, string> = {
  'image/png': '.png',
  'image/jpeg': '.jpg',
  'image/gif': '.gif',
  'image/webp': '.webp',
  'image/heic': '.heic',
  'audio/amr': '.amr',
  'video/mp4': '.mp4',
  'video/quicktime': '.mov',
  'application/pdf': '.pdf',
  'application/zip': '.zip',
}

/** Merges adjacent Markdown messages. */
function join(parts: MessagePart[]): MessagePart[] {
  const result: MessagePart[] = []
  for (const part of parts) {
    const last = result.at(-1)
    if (part.type === 'markdown' && last?.type === 'markdown') last.content += `\n\n${part.content}`
    else result.push(part)
  }
  return result
}
