import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { Clock } from '../../clock'
import { systemClock } from '../../clock'
import { listen } from '../../listen'
import { decodeKey } from '../crypto'
import type { MediaOptions } from './media'
import { MediaStore } from './media'
import { parseForm } from './multipart'
import type { ActiveReply } from './response-url'
import { ResponseUrls } from './response-url'
import { apiResult } from './api-result'
import type { Upload, WebhookCall } from './webhook'
import { Webhooks } from './webhook'

export type WecomRoute = 'response' | 'webhook' | 'upload' | 'media'

/** How to fail a request before it is processed. */
export interface WecomFailure {
  /** Responds with this `errcode`. */
  errcode?: number
  /** Responds with this HTTP status. */
  status?: number
  headers?: Record<string, string>
  body?: string
  /** Resets the connection; a number is the bytes of a download to send before. */
  reset?: true | number
  /** Never responds. */
  hang?: true
}

export interface WecomOptions {
  port?: number
  /** Decides what has expired; the system's clock by default. */
  clock?: Clock
  /** Encrypts media. */
  encodingAESKey?: string
  /** The existing webhooks; any by default. */
  webhookKeys?: string[]
}

export interface Wecom {
  /** Replaces `https://qyapi.weixin.qq.com`. */
  origin: string
  clock: Clock
  /** Every call of a `response_url`. */
  responses: ActiveReply[]
  /** Every call of a webhook. */
  webhooks: WebhookCall[]
  /** Every upload for a webhook. */
  uploads: Upload[]
  /** Every download, with the status of its response; 0 if there was none. */
  downloads: { path: string, status: number }[]
  issueResponseUrl(chatType?: 'single' | 'group'): string
  webhookUrl(key?: string): string
  /** Stores a file. @returns its URL, as WeCom sends them */
  media(bytes: Uint8Array, name: string, options?: MediaOptions): string
  /** Fails the next requests to a route. Failures are queued. */
  fail(route: WecomRoute, failure: WecomFailure, times?: number): void
  /** Called after each active reply and webhook message. */
  onmessage?: (message: ActiveReply | WebhookCall) => void
  close(): Promise<void>
}

/**
 * A mock of WeCom's servers, as far as a bot uses them: active replies, group webhooks, media.
 * @see https://developer.work.weixin.qq.com/document/path/101138
 * @see https://developer.work.weixin.qq.com/document/path/99110
 */
export async function createWecom(options: WecomOptions = {}): Promise<Wecom> {
  const { clock = systemClock, encodingAESKey, webhookKeys } = options
  const responses = new ResponseUrls(clock)
  const webhooks = new Webhooks(clock, webhookKeys)
  const media = new MediaStore(clock, encodingAESKey === undefined ? undefined : decodeKey(encodingAESKey))
  const failures: Record<WecomRoute, WecomFailure[]> = { response: [], webhook: [], upload: [], media: [] }
  const downloads: Wecom['downloads'] = []

  function reply(response: ServerResponse, value: object) {
    response.writeHead(200, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(value))
  }

  /** Fails the request if a failure is queued. @returns whether it has */
  function failed(route: WecomRoute, incoming: IncomingMessage, response: ServerResponse) {
    const failure = failures[route].shift()
    if (!failure || failure.hang) return !!failure
    if (typeof failure.reset === 'number') return false
    if (failure.reset) incoming.socket.resetAndDestroy()
    else if (failure.errcode !== undefined) reply(response, apiResult(failure.errcode))
    else response.writeHead(failure.status ?? 200, failure.headers).end(failure.body)
    return true
  }

  function download(url: URL, incoming: IncomingMessage, response: ServerResponse) {
    const cut = failures.media[0]?.reset
    if (failed('media', incoming, response)) {
      return void downloads.push({ path: url.pathname, status: response.headersSent ? response.statusCode : 0 })
    }
    const { status, headers, body } = media.serve(url.pathname.slice('/media/'.length), url.searchParams.get('sign') ?? '')
    downloads.push({ path: url.pathname, status })
    response.writeHead(status, { ...headers, 'content-length': body.length })
    if (typeof cut !== 'number') return void response.end(body)
    response.write(body.subarray(0, cut), () => incoming.socket.resetAndDestroy())
  }

  const handle: RequestListener = async (incoming, response) => {
    const url = new URL(incoming.url!, 'http://localhost')
    const body = await buffer(incoming).catch(() => undefined)
    if (!body) return
    const key = url.searchParams.get('key') ?? ''
    if (url.pathname.startsWith('/media/') && incoming.method === 'GET') return download(url, incoming, response)
    const route = ({
      '/cgi-bin/aibot/response': 'response',
      '/cgi-bin/webhook/send': 'webhook',
      '/cgi-bin/webhook/upload_media': 'upload',
    } as const)[url.pathname]
    if (!route || incoming.method !== 'POST') return void response.writeHead(404).end()
    if (failed(route, incoming, response)) return
    if (route === 'upload') {
      const parts = parseForm(incoming.headers['content-type'] ?? '', body)
      return reply(response, webhooks.upload(key, url.searchParams.get('type') ?? '', parts))
    }
    reply(response, route === 'response'
      ? responses.call(url.searchParams.get('response_code') ?? '', body)
      : webhooks.send(key, body))
    wecom.onmessage?.((route === 'response' ? responses : webhooks).calls.at(-1)!)
  }

  const { port, close } = await listen(createServer(handle), options.port)
  const origin = `http://127.0.0.1:${port}`
  const wecom: Wecom = {
    origin,
    clock,
    responses: responses.calls,
    webhooks: webhooks.calls,
    uploads: webhooks.uploads,
    downloads,
    issueResponseUrl: (chatType = 'single') => `${origin}/cgi-bin/aibot/response?response_code=${responses.issue(chatType)}`,
    webhookUrl: (key = 'KEY') => `${origin}/cgi-bin/webhook/send?key=${encodeURIComponent(key)}`,
    media: (bytes, name, options) => origin + media.add(bytes, name, options),
    fail: (route, failure, times = 1) => void failures[route].push(...Array(times).fill(failure)),
    close,
  }
  return wecom
}
