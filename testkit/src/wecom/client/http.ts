import type { Agent, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

/** `unreachable`: no connection, or it broke. `timeout`: connected, but no complete response in time. */
export class SendError extends Error {
  constructor(readonly code: 'unreachable' | 'timeout' | 'aborted', message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SendError'
  }
}

export interface SendOptions {
  method: string
  headers?: OutgoingHttpHeaders
  body?: string | Uint8Array
  /** Milliseconds until the response must be complete. */
  timeout: number
  agent?: Agent
  signal?: AbortSignal
}

export interface HttpResponse {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/**
 * Sends one HTTP request as WeCom does: no redirects, no cookies, a new connection unless an agent is given.
 * @throws {SendError}
 */
export function sendRequest(url: URL, options: SendOptions): Promise<HttpResponse> {
  const { method, headers, body, timeout, agent, signal } = options
  return new Promise((resolve, reject) => {
    let connected = false
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest
    const request = start(url, { method, headers, agent: agent ?? false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('error', fail)
      response.on('end', () => {
        clear()
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString() })
      })
    })
    const timer = setTimeout(() => {
      fail(new SendError(connected ? 'timeout' : 'unreachable', `no response within ${timeout} ms`))
    }, timeout)
    const abort = () => fail(new SendError('aborted', 'aborted'))
    const clear = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
    function fail(error: Error) {
      clear()
      reject(error instanceof SendError ? error : new SendError('unreachable', error.message, { cause: error }))
      request.destroy()
    }
    request.on('error', fail)
    request.on('socket', (socket) => {
      if (!socket.connecting) connected = true
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => connected = true)
    })
    if (signal?.aborted) return abort()
    signal?.addEventListener('abort', abort)
    request.end(body)
  })
}
