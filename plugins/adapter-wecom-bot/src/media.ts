import { IncomingMessage, get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import { LookupFunction } from 'node:net'
import { Clock } from './clock'
import { decodeMediaKey, decryptMedia } from './crypto'
import { checkHost, guardedLookup } from './guard'
import { MediaLink } from './payload'

/** A file as its sender had it. */
export interface Media {
  data: Buffer
  /** Without any path; from the download's headers. */
  name?: string
  /** By content. */
  type: string
}

export interface MediaOptions extends FetchOptions {
  /** The bot's own keys, for links that bring none: the current one, and the one it replaces. */
  keys: Buffer[]
}

export interface FetchOptions {
  /** Most bytes. */
  limit: number
  clock: Clock
  /** Hosts (`host` or `host:port`) that may have private addresses and need no HTTPS. */
  trusted: readonly string[]
  signal?: AbortSignal
  lookup?: LookupFunction
}

/** Its message never names the link, which is a secret. */
export class MediaError extends Error {
  override name = 'MediaError'

  constructor(readonly code: 'size' | 'status' | 'network' | 'private' | 'decrypt', message: string) {
    super(message)
  }
}

const ATTEMPTS = 3
const REDIRECTS = 3
/** For the whole of one attempt to begin answering, and between two pieces of it. Milliseconds. */
const SILENCE = 20_000

/**
 * Downloads and decrypts what a message links to. The link is valid for five minutes; WeCom's storage answers 503 or
 * breaks off now and then, so that is tried again. What cannot be decrypted is an error, never handed on.
 * @throws {MediaError}
 * @see https://developer.work.weixin.qq.com/document/path/100719
 */
export async function download(link: MediaLink, options: MediaOptions): Promise<Media> {
  return persist(options, async () => open(link, await fetchBytes(new URL(link.url), options), options))
}

/**
 * Downloads what a link names, as it is. Private addresses are refused like in `download`.
 * @throws {MediaError}
 */
export async function fetchFile(url: string, options: FetchOptions): Promise<Media> {
  const { data, disposition } = await persist(options, () => fetchBytes(new URL(url), options))
  return { data, name: disposition && nameOf(disposition), type: sniff(data) }
}

async function persist<T>(options: FetchOptions, action: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action()
    } catch (error) {
      const failure = classify(error)
      if (attempt === ATTEMPTS || !isPassing(failure) || options.signal?.aborted) throw failure
      await new Promise<void>(resolve => options.clock.setTimeout(resolve, attempt * 1000))
    }
  }
}

function open({ aesKey }: MediaLink, { data: ciphertext, disposition }: Bytes, { keys }: MediaOptions): Media {
  for (const key of aesKey ? [decodeMediaKey(aesKey)] : keys) {
    try {
      const data = decryptMedia(key, ciphertext)
      return { data, name: disposition && nameOf(disposition), type: sniff(data) }
    } catch {
      continue
    }
  }
  throw new MediaError('decrypt', 'the file cannot be decrypted')
}

interface Bytes {
  data: Buffer
  disposition?: string
}

async function fetchBytes(url: URL, options: FetchOptions, redirects = 0): Promise<Bytes> {
  const response = await request(url, options)
  const { statusCode = 0, headers } = response
  if (statusCode >= 300 && statusCode < 400 && headers.location) {
    response.destroy()
    if (redirects === REDIRECTS) throw new MediaError('status', 'too many redirects')
    return fetchBytes(new URL(headers.location, url), options, redirects + 1)
  }
  if (statusCode !== 200) {
    response.destroy()
    throw new MediaError(statusCode >= 500 ? 'network' : 'status', `the storage answers ${statusCode}`)
  }
  return { data: await collect(response, options.limit), disposition: headers['content-disposition'] }
}

function request(url: URL, { trusted, signal, lookup = guardedLookup() }: FetchOptions): Promise<IncomingMessage> {
  const isTrusted = trusted.includes(url.host) || trusted.includes(url.hostname)
  if (!isTrusted) checkHost(url.hostname)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new MediaError('status', 'not a web link')
  const get = url.protocol === 'https:' ? httpsGet : httpGet
  return new Promise((resolve, reject) => {
    const call = get(url, { signal, timeout: SILENCE, lookup: isTrusted ? undefined : lookup, agent: false }, resolve)
    call.on('timeout', () => call.destroy(new Error('timeout'))).on('error', reject)
  })
}

async function collect(response: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = () => new MediaError('size', `the file is larger than ${Math.floor(limit / 1048576)} MB`)
  // Padding adds up to 32 bytes.
  if (Number(response.headers['content-length']) > limit + 32) {
    response.destroy()
    throw tooLarge()
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    size += chunk.length
    if (size > limit + 32) throw tooLarge()
    chunks.push(chunk)
  }
  if (!response.complete) throw new MediaError('network', 'the download broke off')
  return Buffer.concat(chunks)
}

function classify(error: unknown): MediaError {
  if (error instanceof MediaError) return error
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ERR_PRIVATE_ADDRESS') return new MediaError('private', 'the link leads to a private address')
  return new MediaError('network', `the download failed${code ? ` (${code})` : ''}`)
}

function isPassing({ code }: MediaError) {
  return code === 'network'
}

/**
 * The file's name, from both forms of the header; the plain one is percent-encoded like a form.
 * https://www.rfc-editor.org/rfc/rfc6266
 */
export function nameOf(disposition: string): string | undefined {
  const extended = /filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(disposition)?.[1]
  const plain = /filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]+))/i.exec(disposition)
  const name = extended ? decode(extended) : decode((plain?.[1]?.replace(/\\(.)/g, '$1') ?? plain?.[2] ?? '').replace(/\+/g, ' '))
  return name.split(/[\\/]/).pop()!.replace(/[\0-\x1f\x7f]/g, '').trim().slice(0, 255) || undefined
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const signatures: [type: string, offset: number, magic: string][] = [
  ['image/png', 0, '\x89PNG\r\n\x1a\n'],
  ['image/jpeg', 0, '\xff\xd8\xff'],
  ['image/gif', 0, 'GIF8'],
  ['image/webp', 8, 'WEBP'],
  ['image/heic', 4, 'ftypheic'],
  ['application/pdf', 0, '%PDF-'],
  ['application/zip', 0, 'PK\x03\x04'],
  ['audio/amr', 0, '#!AMR'],
  ['video/quicktime', 4, 'ftypqt'],
  ['video/mp4', 4, 'ftyp'],
]

/** The type of a file by its first bytes: neither the link nor the headers tell it. */
export function sniff(data: Buffer): string {
  const head = data.toString('latin1', 0, 16)
  return signatures.find(([, offset, magic]) => head.startsWith(magic, offset))?.[0] ?? 'application/octet-stream'
}
