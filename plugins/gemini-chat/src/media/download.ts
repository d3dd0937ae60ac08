import * as dns from 'node:dns'
import * as http from 'node:http'
import * as https from 'node:https'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { isPublic } from './ssrf-guard'
import { MediaError } from './error'

export interface DownloadOptions {
  /** Most bytes to take. */
  limit: number
  signal: AbortSignal
  /** Hosts that may be in a private network: `host` or `host:port`. */
  trusted?: readonly string[]
  /** Finds addresses; the system's way unless told. */
  resolve?: Resolve
}

type Resolve = (hostname: string, options: dns.LookupAllOptions, callback: (
  error: NodeJS.ErrnoException | null, addresses: dns.LookupAddress[],
) => void) => void

const REDIRECTS = 5

/**
 * Loads a file from the web, and only from there: addresses of private networks are refused where the connection is
 * made, so that a name cannot mean one address when it is checked and another when it is used.
 * @throws {MediaError}
 */
export async function download(url: URL, options: DownloadOptions): Promise<Buffer> {
  for (let hops = 0; hops <= REDIRECTS; hops++) {
    const result = await get(url, options)
    if (Buffer.isBuffer(result)) return result
    url = result
  }
  throw new MediaError('unreachable', 'the address leads in circles')
}

/** @returns the file, or where it is */
async function get(url: URL, options: DownloadOptions): Promise<Buffer | URL> {
  const { limit, signal } = options
  const response = await open(url, options)
  try {
    const { statusCode = 0, headers } = response
    if (statusCode >= 300 && statusCode < 400 && headers.location) return follow(headers.location, url)
    if (statusCode !== 200) throw new MediaError('unreachable', `the server answers ${statusCode}`)
    if (Number(headers['content-length']) > limit) throw tooLarge(limit)
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of response) {
      chunks.push(chunk)
      if ((size += chunk.length) > limit) throw tooLarge(limit)
    }
    return Buffer.concat(chunks)
  } catch (error) {
    throw explain(error, signal)
  } finally {
    response.destroy()
  }
}

function open(url: URL, { signal, trusted = [], resolve = dns.lookup }: DownloadOptions) {
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  const isTrusted = trusted.includes(url.host) || trusted.includes(url.hostname)
  // What is an address already is not looked up.
  if (!isTrusted && isIP(hostname) && !isPublic(hostname)) throw refusal()
  return new Promise<http.IncomingMessage>((fulfil, reject) => {
    const request = (url.protocol === 'https:' ? https : http).get(url, {
      // A connection of its own: one that is kept was checked under another name.
      agent: false,
      headers: { 'accept-encoding': 'identity', connection: 'close' },
      lookup: isTrusted ? undefined : guarded(resolve),
      signal,
    })
    request.on('response', fulfil)
    request.on('error', error => reject(explain(error, signal)))
  })
}

function guarded(resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses = []) => {
      if (error) return callback(error, [])
      const open = addresses.filter(({ address }) => isPublic(address))
      if (!open.length) return callback(refusal() as NodeJS.ErrnoException, [])
      if (options.all) callback(null, open)
      else callback(null, open[0].address, open[0].family)
    })
  }
}

/**
 * Where a redirect leads to.
 * @throws {MediaError} where that is not the web
 */
export function follow(location: string, base?: URL): URL {
  const url = URL.canParse(location, base?.href) ? new URL(location, base) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) throw new MediaError('unreachable', 'the address leads out of the web')
  return url
}

function refusal() {
  return new MediaError('unreachable', 'the address belongs to a private network; mediaHosts may allow it')
}

export function tooLarge(limit: number) {
  return new MediaError('size', `the file is larger than ${limit} bytes`)
}

function explain(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof MediaError) return error
  if (signal.aborted) return signal.reason
  const { code } = error as NodeJS.ErrnoException
  return new MediaError('unreachable', `the file cannot be loaded${code ? ` (${code})` : ''}`)
}
