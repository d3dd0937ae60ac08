import { randomBytes } from 'node:crypto'
import type { Clock } from '../../clock'
import { encryptMedia } from '../crypto'

export interface MediaOptions {
  /** The bot's EncodingAESKey by default; `false` disables encryption. */
  key?: Uint8Array | false
  /**
   * The Content-Disposition: `form` as the storage service sends it (`filename=` in form encoding), `extended`
   * (`filename*=UTF-8''…`), `both`, `none`, or a complete header.
   */
  disposition?: 'form' | 'extended' | 'both' | 'none' | (string & {})
  contentType?: string
}

interface StoredFile {
  bytes: Buffer
  headers: Record<string, string>
  sign: string
  issuedAt: number
}

/** A response of the storage service. */
export interface MediaResponse {
  status: number
  headers: Record<string, string>
  body: Buffer
}

const URL_LIFETIME_MS = 5 * 60 * 1000

function disposition(name: string, form: MediaOptions['disposition'] = 'form') {
  const encoded = encodeURIComponent(name)
  const plain = `filename=${encoded.replaceAll('%20', '+')}`
  const extended = `filename*=UTF-8''${encoded}`
  const forms: Record<string, string | undefined> = {
    form: `attachment; ${plain}`,
    extended: `attachment; ${extended}`,
    both: `attachment; ${plain}; ${extended}`,
    none: undefined,
  }
  return form in forms ? forms[form] : form
}

function errorResponse(status: number, code: string, message: string): MediaResponse {
  const body = Buffer.from(`<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n\t<Code>${code}</Code>\n\t<Message>${message}</Message>\n</Error>\n`)
  return { status, headers: { 'content-type': 'application/xml' }, body }
}

/**
 * Stores the pictures, files and videos of messages: encrypted, at URLs that expire after five minutes.
 * @see https://developer.work.weixin.qq.com/document/path/100719
 */
export class MediaStore {
  private readonly files = new Map<string, StoredFile>()

  constructor(private readonly clock: Clock, private readonly key?: Uint8Array) {}

  /** @returns path and query of the URL */
  add(bytes: Uint8Array, name: string, o: MediaOptions = {}) {
    const key = o.key ?? this.key
    if (key === undefined) throw new Error('createWecom 需要 encodingAESKey 才能加密媒体 / createWecom needs the encodingAESKey to encrypt media')
    const [id, sign] = [randomBytes(16).toString('hex'), randomBytes(20).toString('hex')]
    const header = disposition(name, o.disposition)
    const issuedAt = this.clock.now()
    this.files.set(id, {
      bytes: key ? encryptMedia(key, bytes) : Buffer.from(bytes),
      headers: {
        'content-type': o.contentType ?? 'application/octet-stream',
        ...header === undefined ? {} : { 'content-disposition': header },
      },
      sign,
      issuedAt,
    })
    const seconds = Math.floor(issuedAt / 1000)
    const time = `${seconds};${seconds + URL_LIFETIME_MS / 1000}`
    return `/media/${id}?sign=${encodeURIComponent(`q-sign-algorithm=sha1&q-sign-time=${time}&q-signature=${sign}`)}`
  }

  serve(id: string, sign: string): MediaResponse {
    const file = this.files.get(id)
    if (!file) return errorResponse(404, 'NoSuchKey', 'The specified key does not exist.')
    if (!sign.endsWith(`q-signature=${file.sign}`)) return errorResponse(403, 'SignatureDoesNotMatch', 'The signature does not match.')
    if (this.clock.now() - file.issuedAt > URL_LIFETIME_MS) return errorResponse(403, 'AccessDenied', 'Request has expired.')
    return { status: 200, headers: file.headers, body: file.bytes }
  }
}
