import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '../clock'
import type { Part } from './multipart'
import type { Result } from './result'
import { contentFault, parse, result } from './result'

/** A message pushed to a group, accepted or not. */
export interface WebhookCall {
  key: string
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any
  at: number
  errcode: number
}

/** A file uploaded for a group, accepted or not. */
export interface Upload {
  key: string
  type: string
  filename?: string
  data: Buffer
  mediaId?: string
  at: number
  errcode: number
}

const minute = 60 * 1000
const day = 24 * 60 * minute
const megabyte = 1024 * 1024

function imageFault(image: { base64?: string, md5?: string } = {}) {
  if (!image.base64) return 44001
  const bytes = Buffer.from(image.base64, 'base64')
  if (bytes.length > 2 * megabyte) return 40009
  if (!['ffd8ff', '89504e'].includes(bytes.subarray(0, 3).toString('hex'))) return 40004
  return createHash('md5').update(bytes).digest('hex') === image.md5 ? 0 : 301019
}

function newsFault({ articles = [] }: { articles?: { title?: string, url?: string }[] } = {}) {
  if (!articles.length) return 44003
  if (articles.length > 8) return 45008
  return articles.every(({ title, url }) => title && url) ? 0 : 40058
}

/**
 * Message push ("group robot"): 20 messages a minute per webhook.
 * @see https://developer.work.weixin.qq.com/document/path/99110
 */
export class Webhooks {
  readonly calls: WebhookCall[] = []
  readonly uploads: Upload[] = []

  /** @param keys the webhooks that exist; any, unless given */
  constructor(private readonly clock: Clock, private readonly keys?: string[]) {}

  private known(key: string) {
    return key && (!this.keys || this.keys.includes(key))
  }

  send(key: string, bytes: Buffer): Result {
    const at = this.clock.now()
    const body = parse(bytes)
    const errcode = this.judge(key, at, body)
    this.calls.push({ key, body: body ?? bytes.toString(), at, errcode })
    return result(errcode)
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  private judge(key: string, at: number, body: any) {
    if (!this.known(key)) return 93000
    if (!body) return 47001
    const recent = this.calls.filter(call => call.key === key && !call.errcode && at - call.at < minute)
    if (recent.length >= 20) return 45009
    const { msgtype } = body
    const message = body[msgtype]
    if (msgtype === 'text') return contentFault(message, 2048)
    if (msgtype === 'markdown' || msgtype === 'markdown_v2') return contentFault(message, 4096)
    if (msgtype === 'image') return imageFault(message)
    if (msgtype === 'news') return newsFault(message)
    if (msgtype === 'file' || msgtype === 'voice') return this.mediaFault(key, at, msgtype, message?.media_id)
    if (msgtype !== 'template_card') return 40008
    return ['text_notice', 'news_notice'].includes(message?.card_type) ? 0 : 40058
  }

  /** A `media_id` lives for three days, for one webhook. */
  private mediaFault(key: string, now: number, type: string, mediaId?: string) {
    const upload = this.uploads.find(upload => upload.mediaId && upload.mediaId === mediaId)
    return upload && upload.key === key && upload.type === type && now - upload.at < 3 * day ? 0 : 40007
  }

  upload(key: string, type: string, parts: Part[]): Result {
    const at = this.clock.now()
    const part = parts.find(({ name, filename }) => name === 'media' && filename)
    const errcode = this.uploadFault(key, type, part)
    const mediaId = errcode ? undefined : randomBytes(32).toString('base64url')
    const { filename, data = Buffer.alloc(0) } = part ?? {}
    this.uploads.push({ key, type, filename, data, mediaId, at, errcode })
    return result(errcode, mediaId ? { type, media_id: mediaId, created_at: String(Math.floor(at / 1000)) } : {})
  }

  private uploadFault(key: string, type: string, part?: Part) {
    if (!this.known(key)) return 93000
    if (type !== 'file' && type !== 'voice') return 40005
    if (!part) return 44001
    const { length } = part.data
    if (length <= 5 || length > (type === 'voice' ? 2 : 20) * megabyte) return 40006
    return type === 'voice' && part.data.subarray(0, 5).toString() !== '#!AMR' ? 40004 : 0
  }
}
