import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { get as httpGet } from 'node:http'
import { get as httpsGet } from 'node:https'
import { systemClock } from '../time'
import type { Clock } from '../time'
import { DownloadError } from './download-error'
import { SsrfGuard } from './ssrf-guard'
import type { Resolve } from './ssrf-guard'

export interface DownloadOptions {
  /** Most bytes of the body. */
  limitBytes: number
  /** Hosts that may have private addresses: `host` or `host:port`. */
  trusted?: readonly string[]
  signal?: AbortSignal
  clock?: Clock
  /** Resolves names; `dns.lookup` by default. */
  resolve?: Resolve
}

export interface Download {
  data: Buffer
  headers: IncomingHttpHeaders
}

const MAX_REDIRECTS = 3
/** For the head of a response, and between two pieces of its body. */
const IDLE_TIMEOUT_MS = 20_000
/** For the whole body: a server that sends a byte now and then would keep the caller waiting. */
const BODY_TIMEOUT_MS = 5 * 60_000

/**
 * Downloads from the public web, and from nowhere else. Follows up to 3 redirects, each of which is checked as well.
 * @throws {DownloadError}
 * @throws the signal's reason when it aborts
 */
export async function guardedDownload(url: URL, options: DownloadOptions): Promise<Download> {
  const guard = new SsrfGuard(options.trusted, options.resolve)
  let next = parseWebUrl(url.href)
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const result = await fetchOnce(next, guard, options).catch((error) => {
      throw toDownloadError(error, options.signal)
    })
    if (!(result instanceof URL)) return result
    next = result
  }
  throw new DownloadError('download/too-many-redirects', 'too many redirects')
}

/**
 * Reads a URL of the web.
 * @param base of a relative URL, such as a redirect
 * @throws {DownloadError} `download/not-web`
 */
export function parseWebUrl(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base) : undefined
  if (url && /^https?:$/.test(url.protocol)) return url
  throw new DownloadError('download/not-web', base ? 'redirected to a non-HTTP URL' : 'not an HTTP URL')
}

/** @returns the file, or where it was moved */
async function fetchOnce(url: URL, guard: SsrfGuard, options: DownloadOptions): Promise<Download | URL> {
  guard.check(url)
  const response = await open(url, guard, options)
  try {
    const { statusCode = 0, headers } = response
    if (statusCode >= 300 && statusCode < 400 && headers.location) return parseWebUrl(headers.location, url)
    if (statusCode !== 200) throw new DownloadError('download/refused', `the server answers ${statusCode}`, statusCode)
    return { data: await collect(response, options), headers }
  } finally {
    response.destroy()
  }
}

/** Sends the request and waits for the head of the response. */
function open(url: URL, guard: SsrfGuard, { signal, clock = systemClock }: DownloadOptions): Promise<IncomingMessage> {
  const get = url.protocol === 'https:' ? httpsGet : httpGet
  return new Promise((resolve, reject) => {
    const request = get(url, {
      // A kept connection would have been checked under another name.
      agent: false,
      headers: { 'accept-encoding': 'identity', connection: 'close' },
      lookup: guard.lookupFor(url),
      timeout: IDLE_TIMEOUT_MS,
      signal,
    })
    const giveUp = () => void request.destroy(new Error('timeout'))
    // The idle timeout alone is no limit for a head that comes byte by byte.
    const timer = clock.setTimeout(giveUp, IDLE_TIMEOUT_MS)
    const settle = () => clock.clearTimeout(timer)
    request.on('timeout', giveUp).on('response', settle).on('error', settle).on('response', resolve).on('error', reject)
  })
}

async function collect(response: IncomingMessage, options: DownloadOptions): Promise<Buffer> {
  const { limitBytes, clock = systemClock } = options
  if (Number(response.headers['content-length']) > limitBytes) throw tooLarge(limitBytes)
  const timer = clock.setTimeout(() => {
    response.destroy(new DownloadError('download/too-slow', 'the download takes too long'))
  }, BODY_TIMEOUT_MS)
  try {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of response) {
      size += chunk.length
      if (size > limitBytes) throw tooLarge(limitBytes)
      chunks.push(chunk)
    }
    if (!response.complete) throw new DownloadError('download/network', 'the connection broke')
    return Buffer.concat(chunks)
  } finally {
    clock.clearTimeout(timer)
  }
}

function tooLarge(limitBytes: number) {
  return new DownloadError('download/too-large', `the file is larger than ${limitBytes} bytes`)
}

function toDownloadError(error: unknown, signal?: AbortSignal): unknown {
  if (error instanceof DownloadError) return error
  if (signal?.aborted) return signal.reason
  const { code } = error as NodeJS.ErrnoException
  return new DownloadError('download/network', `the file cannot be loaded${code ? ` (${code})` : ''}`)
}
