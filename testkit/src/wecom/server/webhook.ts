import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '../../clock'
import type { FormPart } from './multipart'
import type { ApiResult } from './api-result'
import { contentErrcode, parseJson, apiResult } from './api-result'

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

const MINUTE_MS = 60 * 1000
const DAY_MS = 24 * 60 * MINUTE_MS
const MEGABYTE = 1024 * 1024

function imageErrcode(image: { base64?: string, md5?: string } = {}) {
  if (!image.base64) return 44001
  const bytes = Buffer.from(image.base64, 'base64')
  if (bytes.length > 2 * MEGABYTE) return 40009
  if (!['ffd8ff', '89504e'].includes(bytes.subarray(0, 3).toString('hex'))) return 40004
  return createHash('md5').update(bytes).digest('hex') === image.md5 ? 0 : 301019
}

function newsErrcode({ articles = [] }: { articles?: { title?: string, url?: string }[] } = {}) {
  if (!articles.length) return 44003
  if (articles.length > 8) return 45008
  return articles.every(({ title, url }) => title && url) ? 0 : 40058
}

/**
 * Message push ("group robot"): at most 20 messages a minute per webhook.
 * @see https://developer.work.weixin.qq.com/document/path/99110
 */
export class Webhooks {
  readonly calls: WebhookCall[] = []
  readonly uploads: Upload[] = []

  /** @param keys the existing webhooks; any by default */
  constructor(private readonly clock: Clock, private readonly keys?: string[]) {}

  private exists(key: string) {
    return key && (!this.keys || this.keys.includes(key))
  }

  send(key: string, bytes: Buffer): ApiResult {
    const at = this.clock.now()
    const body = parseJson(bytes)
    const errcode = this.errcodeOf(key, at, body)
    this.calls.push({ key, body: body ?? bytes.toString(), at, errcode })
    return apiResult(errcode)
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  private errcodeOf(key: string, at: number, body: any) {
    if (!this.exists(key)) return 93000
    if (!body) return 47001
    const recent = this.calls.filter(call => call.key === key && !call.errcode && at - call.at < MINUTE_MS)
    if (recent.length >= 20) return 45009
    const { msgtype } = body
    const message = body[msgtype]
    if (msgtype === 'text') return contentErrcode(message, 2048)
    if (msgtype === 'markdown' || msgtype === 'markdown_v2') return contentErrcode(message, 4096)
    if (msgtype === 'image') return imageErrcode(message)
    if (msgtype === 'news') return newsErrcode(message)
    if (msgtype === 'file' || msgtype === 'voice') return this.mediaErrcode(key, at, msgtype, message?.media_id)
    if (msgtype !== 'template_card') return 40008
    return ['text_notice', 'news_notice'].includes(message?.card_type) ? 0 : 40058
  }

  /** A `media_id` is valid for three days and for one webhook. */
  private mediaErrcode(key: string, now: number, type: string, mediaId?: string) {
    const upload = this.uploads.find(upload => upload.mediaId && upload.mediaId === mediaId)
    return upload && upload.key === key && upload.type === type && now - upload.at < 3 * DAY_MS ? 0 : 40007
  }

  upload(key: string, type: string, parts: FormPart[]): ApiResult {
    const at = this.clock.now()
    const part = parts.find(({ name, filename }) => name === 'media' && filename)
    const errcode = this.uploadErrcode(key, type, part)
    const mediaId = errcode ? undefined : randomBytes(32).toString('base64url')
    const { filename, data = Buffer.alloc(0) } = part ?? {}
    this.uploads.push({ key, type, filename, data, mediaId, at, errcode })
    return apiResult(errcode, mediaId ? { type, media_id: mediaId, created_at: String(Math.floor(at / 1000)) } : {})
  }

  private uploadErrcode(key: string, type: string, part?: FormPart) {
    if (!this.exists(key)) return 93000
    if (type !== 'file' && type !== 'voice') return 40005
    if (!part) return 44001
    const { length } = part.data
    if (length <= 5 || length > (type === 'voice' ? 2 : 20) * MEGABYTE) return 40006
    return type === 'voice' && part.data.subarray(0, 5).toString() !== '#!AMR' ? 40004 : 0
  }
}
