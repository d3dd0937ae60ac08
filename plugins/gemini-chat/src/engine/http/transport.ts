import * as http from 'node:http'
import * as https from 'node:https'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { SecureContextOptions } from 'node:tls'
import type { ProxyConnector } from 'common/proxy'
import { createConnector, readProxy } from './connector'

export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>

export interface Transport extends Fetch {
  /** Ends all requests and frees all sockets. Later calls fail. */
  dispose(): void
}

export interface TransportOptions {
  /** `socks5h://`, `socks5://`, `socks://`, `socks4a://`, `socks4://`, `http://` or `https://`, with credentials. */
  proxy?: string
  /** Certificates to trust instead of the usual ones, also for an `https://` proxy. */
  ca?: SecureContextOptions['ca']
}

type End = (reason: Error) => void

/** Error codes of a write to a connection that the other side has closed. */
const CLOSED_CONNECTION_CODES = ['ECONNRESET', 'EPIPE']

/**
 * Creates a `fetch` on `node:http(s)` with its own kept-alive connections and its own proxy, both used by nothing else
 * in the process. With a proxy, no connection goes around it. Does not follow redirects; request bodies are strings.
 *
 * @throws {EngineError} of kind `proxy`, at once, if the proxy address is malformed
 * @returns a `fetch` that rejects with the signal's reason when aborted, with an `EngineError` of kind `proxy` when the
 * proxy fails, and otherwise with Node's error
 */
export function createTransport(options: TransportOptions = {}): Transport {
  const { ca } = options
  const proxy = options.proxy ? readProxy(options.proxy) : undefined
  const connectors = new Map<string, ProxyConnector>()
  const running = new Set<End>()
  let disposed = false

  function connect(protocol: string) {
    let connector = connectors.get(protocol)
    if (!connector) connectors.set(protocol, connector = createConnector(proxy, protocol === 'https:', ca))
    return connector
  }

  async function send(url: URL, init: RequestInit, again = false): Promise<Response> {
    const { method, body, signal } = init
    signal?.throwIfAborted()
    if (disposed) throw ended()
    const { agent, abandon } = connect(url.protocol)
    const headers = Object.fromEntries(new Headers(init.headers))
    const request = (url.protocol === 'https:' ? https : http).request(url, { method, headers, agent, ca })
    return new Promise((resolve, reject) => {
      let stop = (reason: Error) => {
        request.destroy(reason)
        abandon(request)
        reject(reason)
      }
      const end: End = reason => stop(reason)
      const abort = () => stop(signal!.reason)
      const settle = () => {
        running.delete(end)
        signal?.removeEventListener('abort', abort)
      }
      running.add(end)
      signal?.addEventListener('abort', abort)
      let received = false
      const receive = () => received = true
      request.on('socket', socket => socket.once('data', receive))
      request.on('error', (error: NodeJS.ErrnoException) => {
        settle()
        // The server closed a kept connection before it received the request, so sending it again repeats nothing.
        const unseen = request.reusedSocket && !received && CLOSED_CONNECTION_CODES.includes(error.code!)
        if (unseen && !again) resolve(send(url, init, true))
        else reject(error)
      })
      request.on('response', (response) => {
        request.socket?.off('data', receive)
        stop = reason => response.destroy(reason)
        response.once('close', settle)
        // The reader of the body gets the error; without a listener it would be thrown.
        response.on('error', () => {})
        try {
          resolve(wrap(response))
        } catch (error) {
          response.destroy()
          reject(error)
        }
      })
      request.setNoDelay(true)
      request.end(body)
    })
  }

  return Object.assign(async (url: string | URL, init: RequestInit = {}) => send(new URL(url), init), {
    dispose() {
      disposed = true
      for (const end of running) end(ended())
      for (const connector of connectors.values()) connector.destroy()
    },
  })
}

function ended() {
  return new DOMException('the transport was disposed', 'AbortError')
}

/** A Node response as a web `Response`. Its body is read no faster than requested. */
function wrap(response: http.IncomingMessage): Response {
  const { statusCode: status = 0, statusMessage: statusText, rawHeaders } = response
  const headers = new Headers()
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i], rawHeaders[i + 1])
  const empty = status === 204 || status === 205 || status === 304
  if (empty) response.resume()
  const body = empty ? null : Readable.toWeb(response, { strategy: { highWaterMark: 1 } })
  return new Response(body as ReadableStream<Uint8Array> | null, { status, statusText, headers })
}
