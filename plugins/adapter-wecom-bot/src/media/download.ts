import type { IncomingMessage } from 'node:http'
import { get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { Clock } from '../util/clock'
import { MediaError } from './media-error'
import { checkHost, guardedLookup } from './ssrf-guard'

export interface FetchOptions {
  /** Most bytes. */
  limit: number
  clock: Clock
  /** Hosts (`host` or `host:port`) that may have private addresses. */
  trusted: readonly string[]
  signal?: AbortSignal
  lookup?: LookupFunction
}

export interface Bytes {
  data: Buffer
  disposition?: string
}

const REDIRECTS = 3
/** For the whole of one attempt to begin answering, and between two pieces of it. Milliseconds. */
const SILENCE = 20_000
/** For all pieces together: after so long, WeCom's links are over. Milliseconds. */
const DURATION = 5 * 60_000

/**
 * Fetches what a link of the web leads to, once, past the guard against private addresses.
 * @throws {MediaError}
 */
export async function fetchBytes(link: string, options: FetchOptions): Promise<Bytes> {
  try {
    return await follow(parse(link), options, 0)
  } catch (error) {
    throw classify(error)
  }
}

async function follow(url: URL, options: FetchOptions, redirects: number): Promise<Bytes> {
  const response = await request(url, options)
  const { statusCode = 0, headers } = response
  if (statusCode >= 300 && statusCode < 400 && headers.location) {
    response.destroy()
    if (redirects === REDIRECTS) throw new MediaError('wecom-bot/media-unavailable', 'too many redirects')
    return follow(parse(headers.location, url), options, redirects + 1)
  }
  if (statusCode !== 200) {
    response.destroy()
    throw new MediaError(statusCode >= 500 ? 'wecom-bot/media-network-failed' : 'wecom-bot/media-unavailable', `the storage answers ${statusCode}`)
  }
  // A server that sends a byte now and then would keep whatever waits for the file waiting.
  const { clock, limit } = options
  const giveUp = () => void response.destroy(new MediaError('wecom-bot/media-timed-out', 'the download takes too long'))
  const end = clock.setTimeout(giveUp, DURATION)
  const data = await collect(response, limit).finally(() => clock.clearTimeout(end))
  return { data, disposition: headers['content-disposition'] }
}

function parse(link: string, base?: URL): URL {
  if (!URL.canParse(link, base?.href)) throw new MediaError('wecom-bot/media-unavailable', 'not a web link')
  return new URL(link, base)
}

function request(url: URL, options: FetchOptions): Promise<IncomingMessage> {
  const { trusted, signal, clock, lookup = guardedLookup() } = options
  const isTrusted = trusted.includes(url.host) || trusted.includes(url.hostname)
  if (!isTrusted) checkHost(url.hostname)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new MediaError('wecom-bot/media-unavailable', 'not a web link')
  const get = url.protocol === 'https:' ? httpsGet : httpGet
  return new Promise((resolve, reject) => {
    const call = get(url, { signal, timeout: SILENCE, lookup: isTrusted ? undefined : lookup, agent: false }, resolve)
    const giveUp = () => void call.destroy(new Error('timeout'))
    // A head may come byte by byte, too.
    const begin = clock.setTimeout(giveUp, SILENCE)
    const settle = () => clock.clearTimeout(begin)
    call.on('timeout', giveUp).on('response', settle).on('error', settle).on('error', reject)
  })
}

function tooLarge(limit: number) {
  return new MediaError('wecom-bot/media-too-large', `the file is larger than ${Math.floor(limit / 1048576)} MB`)
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
  if (!response.complete) throw new MediaError('wecom-bot/media-network-failed', 'the download broke off')
  return Buffer.concat(chunks)
}

function classify(error: unknown): MediaError {
  if (error instanceof MediaError) return error
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ERR_PRIVATE_ADDRESS') return new MediaError('wecom-bot/media-private-address', 'the link leads to a private address')
  return new MediaError('wecom-bot/media-network-failed', `the download failed${code ? ` (${code})` : ''}`)
}
