import type { Agent, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import type { Clock } from '../../clock'
import type { HttpResponse } from './http'
import type { Payload, PayloadOptions } from './payload'
import type { Reply } from './reply-rules'

export interface ClientOptions {
  /** The callback URL. */
  url: string
  token: string
  encodingAESKey: string
  /** Empty for a bot of the enterprise's own, the default. */
  receiveId?: string
  botId?: string
  /** The bot's display name. Group messages then begin with `@name `. */
  botName?: string
  userId?: string
  /** Issues the `response_url` of messages and supplies the clock. Without it, messages carry no `response_url`. */
  wecom?: { clock: Clock, issueResponseUrl(chatType: 'single' | 'group'): string }
  /** Milliseconds between two polls, 1000 by default. */
  pollInterval?: number
  /** Milliseconds to wait for the response to a callback, 5000 by default. */
  timeout?: number
  /** Current time in milliseconds; defaults to the clock's. */
  now?(): number
  /** For kept-alive connections or a custom certificate authority. */
  agent?: Agent
}

/** Replaces parts of a callback, to send requests that WeCom would not. */
export interface Overrides {
  /** Seconds since 1970. */
  timestamp?: number | string
  nonce?: string
  signature?: string
  token?: string
  encodingAESKey?: string
  receiveId?: string
  /** Sent as is. */
  body?: string | Uint8Array
  contentType?: string
  method?: string
  headers?: OutgoingHttpHeaders
  /** Additional query parameters; `undefined` removes one. */
  query?: Record<string, string | undefined>
  timeout?: number
  signal?: AbortSignal
}

/** The bot's response to one callback. */
export interface CallbackResponse {
  status: number
  headers: IncomingHttpHeaders
  /** The body as received. */
  raw: string
  /** The decrypted body; `undefined` if there is none. */
  reply?: Reply
  /** Milliseconds. */
  elapsed: number
}

/** The requests that a conversation with a bot is made of. */
export interface CallbackClient {
  readonly clock: Clock
  /** Milliseconds between two polls. */
  readonly pollInterval: number
  /** Delivers one callback, once. */
  post(payload: Payload, overrides?: Overrides): Promise<CallbackResponse>
  /** Requests the current state of a stream, once. */
  poll(streamId: string, options?: PayloadOptions & Overrides): Promise<CallbackResponse>
}

/** The requests that a check of the callback URL is made of. */
export interface VerificationClient {
  /** Current time in milliseconds. */
  now(): number
  /** @returns the ciphertext in base64 */
  encrypt(message: string): string
  /** Requests the echo of a ciphertext, signed correctly unless a signature is given. */
  requestEcho(encrypted: string, signature?: string): Promise<HttpResponse>
}
