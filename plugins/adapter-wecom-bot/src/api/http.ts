import type { IncomingMessage } from 'node:http'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { HTTP } from 'koishi'
import { createProxyConnector, parseProxy } from 'common/proxy'
import type { ProxyConnector } from 'common/proxy'
import { toProxyError } from './proxy-error'

export interface HttpRequest {
  method?: 'GET' | 'POST'
  /** Content type. */
  type?: string
  body?: string | Buffer
  /** Most bytes of the answer. */
  limit?: number
}

export interface HttpResponse {
  status: number
  type: string
  /** `Content-Disposition` */
  disposition?: string
  body: Buffer
}

/** One HTTP exchange, without redirects. Rejects with the network's error, which may name the URL. */
export type Transport = (url: string, request?: HttpRequest) => Promise<HttpResponse>

/** For the whole of an exchange. */
const EXCHANGE_TIMEOUT_MS = 10_000
/** For downloads, which may be large. */
const DOWNLOAD_TIMEOUT_MS = 60_000
/** Of an answer that is not a download. */
const MAX_RESPONSE_BYTES = 1 << 20

/** Through Koishi's own client, and with it through the proxy that it may have been given. */
export function throughKoishi(http: HTTP): Transport {
  return async (url, { method = 'GET', type, body, limit } = {}) => {
    const { status, headers, data } = await http<Buffer>(url, {
      method,
      data: body,
      headers: type ? { 'content-type': type } : {},
      timeout: limit ? DOWNLOAD_TIMEOUT_MS : EXCHANGE_TIMEOUT_MS,
      redirect: 'error',
      validateStatus: () => true,
      responseType: async raw => collect(raw.body ?? [], limit),
    })
    return {
      status,
      type: headers.get('content-type') ?? '',
      disposition: headers.get('content-disposition') ?? undefined,
      body: data,
    }
  }
}

/**
 * Through a proxy of its own, and never past it. Requests reject with a `ProxyError` as long as there is no tunnel.
 * @param closing ends all exchanges when it aborts
 * @throws {ProxyError} `wecom-bot/invalid-proxy`
 */
export function throughProxy(address: string, closing: AbortSignal): Transport {
  const { agent, abandon } = openProxy(address)
  return async (address, { method = 'GET', type, body, limit } = {}) => {
    const url = new URL(address)
    const signal = AbortSignal.any([closing, AbortSignal.timeout(limit ? DOWNLOAD_TIMEOUT_MS : EXCHANGE_TIMEOUT_MS)])
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest
      const request = send(url, {
        method,
        signal,
        agent,
        headers: {
          ...type && { 'content-type': type },
          ...body && { 'content-length': Buffer.byteLength(body) },
        },
      })
      let hasTunnel = false
      request.on('socket', () => hasTunnel = true)
      request.on('error', error => reject(hasTunnel ? error : toProxyError(error)))
      // Without a socket, an aborted request does not end by itself.
      signal.addEventListener('abort', () => abandon(request), { once: true })
      request.on('response', resolve)
      request.end(body)
    })
    const { statusCode: status = 0, headers } = response
    if (status >= 300 && status < 400) {
      response.destroy()
      throw new Error('redirected')
    }
    return {
      status,
      type: headers['content-type'] ?? '',
      disposition: headers['content-disposition'],
      body: await collect(response, limit),
    }
  }
}

function openProxy(address: string): ProxyConnector {
  try {
    return createProxyConnector(parseProxy(address), { timeoutMs: EXCHANGE_TIMEOUT_MS })
  } catch (error) {
    throw toProxyError(error)
  }
}

async function collect(
  stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, limit = MAX_RESPONSE_BYTES,
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    size += chunk.length
    if (size > limit) throw new Error('the answer is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
