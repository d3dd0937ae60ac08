import { IncomingMessage, get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import { LookupFunction } from 'node:net'
import { Clock } from './clock'
import { decodeMediaKey, decryptMedia } from './crypto'
import { checkHost, guardedLookup } from './guard'
import { UNKNOWN_TYPE, nameOf, sniff } from './label'
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
export async function download({ url, aesKey }: MediaLink, options: MediaOptions): Promise<Media> {
  const keys = aesKey ? [keyOf(aesKey)] : options.keys
  const { data, ...rest } = await persist(url, options)
  return describe({ data: open(data, keys), ...rest })
}

/**
 * Downloads what a link names, as it is. Private addresses are refused like in `download`.
 * @throws {MediaError}
 */
export async function fetchFile(url: string, options: FetchOptions): Promise<Media> {
  return describe(await persist(url, options))
}

async function persist(url: string, options: FetchOptions): Promise<Bytes> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetchBytes(parse(url), options)
    } catch (error) {
      const failure = classify(error)
      if (attempt === ATTEMPTS || !isPassing(failure) || options.signal?.aborted) throw failure
      await new Promise<void>(resolve => options.clock.setTimeout(resolve, attempt * 1000))
    }
  }
}

function keyOf(aesKey: string): Buffer {
  try {
    return decodeMediaKey(aesKey)
  } catch {
    throw new MediaError('decrypt', 'the key beside the link is no key')
  }
}

function open(ciphertext: Buffer, keys: Buffer[]): Buffer {
  const files = keys.flatMap((key) => {
    try {
      return [decryptMedia(key, ciphertext)]
    } catch {
      return []
    }
  })
  // Of 256 files, a wrong key opens one all the same.
  const file = files.find(data => sniff(data) !== UNKNOWN_TYPE) ?? files[0]
  if (!file) throw new MediaError('decrypt', 'the file cannot be decrypted')
  return file
}

function describe({ data, disposition }: Bytes): Media {
  return { data, name: disposition && nameOf(disposition), type: sniff(data) }
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
    return fetchBytes(parse(headers.location, url), options, redirects + 1)
  }
  if (statusCode !== 200) {
    response.destroy()
    throw new MediaError(statusCode >= 500 ? 'network' : 'status', `the storage answers ${statusCode}`)
  }
  return { data: await collect(response, options.limit), disposition: headers['content-disposition'] }
}

function parse(link: string, base?: URL): URL {
  if (!URL.canParse(link, base?.href)) throw new MediaError('status', 'not a web link')
  return new URL(link, base)
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

function tooLarge(limit: number) {
  return new MediaError('size', `the file is larger than ${Math.floor(limit / 1048576)} MB`)
}

async function collect(response: IncomingMessage, limit: number): Promise<Buffer> {
  // Padding adds up to 32 bytes.
  if (Number(response.headers['content-length']) > limit + 32) {
    response.destroy()
    throw tooLarge(limit)
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    size += chunk.length
    if (size > limit + 32) throw tooLarge(limit)
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
