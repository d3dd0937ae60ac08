import type { IncomingMessage } from 'node:http'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { HTTP } from 'koishi'
import { createAgent } from './proxy'
import { ProxyError } from './proxy-error'

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

/** For the whole of an exchange. Milliseconds. */
const TIMEOUT = 10_000
/** For downloads, which may be large. Milliseconds. */
const DOWNLOAD_TIMEOUT = 60_000
/** Most bytes of an answer that is not a download. */
const LIMIT = 1 << 20

/** Through Koishi's own client, and with it through the proxy that it may have been given. */
export function throughKoishi(http: HTTP): Transport {
  return async (url, { method = 'GET', type, body, limit } = {}) => {
    const { status, headers, data } = await http<Buffer>(url, {
      method,
      data: body,
      headers: type ? { 'content-type': type } : {},
      timeout: limit ? DOWNLOAD_TIMEOUT : TIMEOUT,
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
 * Through a proxy of its own, and never past it.
 * @param closing ends all exchanges when it aborts
 * @returns rejects with a `ProxyError` where the proxy lets nothing through
 */
export function throughProxy(proxy: URL, closing: AbortSignal): Transport {
  return async (address, { method = 'GET', type, body, limit } = {}) => {
    const url = new URL(address)
    const patience = limit ? DOWNLOAD_TIMEOUT : TIMEOUT
    const signal = AbortSignal.any([closing, AbortSignal.timeout(patience)])
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest
      const request = send(url, {
        method,
        signal,
        agent: createAgent(proxy, signal, TIMEOUT),
        headers: {
          ...type && { 'content-type': type },
          ...body && { 'content-length': Buffer.byteLength(body) },
        },
      })
      let isThrough = false
      request.on('proxyConnect', ({ statusCode }: { statusCode: number }) => {
        if (statusCode === 200) return
        reject(new ProxyError('wecom-bot/proxy-failed', statusCode === 407
          ? 'the HTTP proxy refuses the user name or password (407)'
          : `the HTTP proxy refuses the connection (${statusCode})`))
        request.destroy()
      })
      request.on('socket', () => isThrough = true)
      request.on('error', (error: NodeJS.ErrnoException) => {
        reject(isThrough ? error : new ProxyError('wecom-bot/proxy-failed', `the proxy does not let us through (${reason(error)})`))
      })
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

async function collect(stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, limit = LIMIT): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    size += chunk.length
    if (size > limit) throw new Error('the answer is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A code rather than words, in which the proxy's address may be. */
function reason({ code, message }: NodeJS.ErrnoException) {
  return code ?? /\bE[A-Z]{4,}\b/.exec(message)?.[0] ?? message
}
