import { randomInt } from 'node:crypto'
import type { Agent, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import type { Clock } from '../clock'
import { systemClock } from '../clock'
import { deliver, watch } from './conversation'
import { decodeKey, encrypt, sign } from './crypto'
import { ReplyError, readReply } from './envelope'
import { send } from './http'
import type { Payload, PayloadOptions } from './payload'
import { Payloads } from './payload'
import type { Reply } from './rules'
import { faults } from './rules'
import type { Verdict } from './verify'
import { verify } from './verify'

export interface ClientOptions {
  /** The callback URL. */
  url: string
  token: string
  encodingAESKey: string
  /** Empty for an enterprise's own bot. */
  receiveId?: string
  botId?: string
  /** The bot's display name; what is said in groups then begins with `@name `. */
  botName?: string
  userId?: string
  /** Issues the `response_url` of messages, and lends its clock. Without it messages have none. */
  wecom?: { clock: Clock, issueResponseUrl(chatType: 'single' | 'group'): string }
  /** Milliseconds between two polls, 1000. */
  pollInterval?: number
  /** Milliseconds to answer a callback, 5000. */
  timeout?: number
  /** The present in milliseconds; the clock's unless told. */
  now?(): number
  /** For connections that stay open, or for certificates of one's own. */
  agent?: Agent
}

/** What to do differently from WeCom. */
export interface Overrides {
  /** Seconds since 1970. */
  timestamp?: number | string
  nonce?: string
  signature?: string
  token?: string
  encodingAESKey?: string
  receiveId?: string
  /** Sent as it is. */
  body?: string | Uint8Array
  contentType?: string
  method?: string
  headers?: OutgoingHttpHeaders
  /** More parameters; `undefined` takes one away. */
  query?: Record<string, string | undefined>
  timeout?: number
  signal?: AbortSignal
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  /** The body as it came. */
  raw: string
  /** The decrypted body; absent where there is none. */
  reply?: Reply
  /** Milliseconds. */
  elapsed: number
}

/** WeCom's side of the conversation with a bot. */
export class WecomClient extends Payloads {
  readonly url: URL
  readonly clock: Clock
  private readonly key: Buffer

  /** @throws {CipherError} when the EncodingAESKey is not one; {TypeError} when the URL is not one */
  constructor(readonly options: ClientOptions) {
    const clock = options.wecom?.clock ?? systemClock
    const { botId = 'AIBOTID', userId = 'USERID', botName, wecom, now = () => clock.now() } = options
    super({ botId, userId, botName, now, issueResponseUrl: wecom && (type => wecom.issueResponseUrl(type)) })
    this.url = new URL(options.url)
    this.key = decodeKey(options.encodingAESKey)
    this.clock = clock
  }

  /** The present in milliseconds. */
  now() {
    return this.sender.now()
  }

  /** A callback URL with its signature. */
  sign(encrypted: string, o: Overrides = {}) {
    const timestamp = String(o.timestamp ?? Math.floor(this.sender.now() / 1000))
    const nonce = o.nonce ?? String(randomInt(1e9, 1e10))
    const signature = o.signature ?? sign(o.token ?? this.options.token, timestamp, nonce, encrypted)
    const url = new URL(this.url)
    const query = { msg_signature: signature, timestamp, nonce, ...o.query }
    for (const [name, value] of Object.entries(query)) {
      if (value === undefined) url.searchParams.delete(name)
      else url.searchParams.set(name, value)
    }
    return { url, nonce }
  }

  encrypt(message: string, o: Overrides = {}) {
    const key = o.encodingAESKey === undefined ? this.key : decodeKey(o.encodingAESKey)
    return encrypt(key, message, o.receiveId ?? this.options.receiveId)
  }

  /** Checks the callback URL as the console does when the settings are saved, and says what is wrong. */
  verify(): Promise<Verdict> {
    return verify(this)
  }

  /**
   * Delivers one callback, once.
   * @param payload what to encrypt; a string goes in as it is
   * @throws {SendError} when there is no answer; {ReplyError} when WeCom would not take the answer
   */
  async post(payload: Payload | string, o: Overrides = {}): Promise<Answer> {
    // WeCom's own JSON escapes slashes
    const message = typeof payload === 'string' ? payload : JSON.stringify(payload).replaceAll('/', '\\/')
    const encrypted = this.encrypt(message, o)
    const { url, nonce } = this.sign(encrypted, o)
    const began = performance.now()
    const { status, headers, body } = await send(url, {
      method: o.method ?? 'POST',
      headers: { 'content-type': o.contentType ?? 'application/json', ...o.headers },
      body: o.body ?? JSON.stringify({ encrypt: encrypted }),
      timeout: o.timeout ?? this.options.timeout ?? 5000,
      agent: this.options.agent,
      signal: o.signal,
    })
    const elapsed = performance.now() - began
    const { token, receiveId } = this.options
    const reply = status === 200 ? readReply(body, { token, key: this.key, receiveId, nonce }) : undefined
    if (reply && typeof payload === 'object') {
      const [fault] = faults(payload, reply)
      if (fault) throw new ReplyError(`企业微信不接受这个回复 / WeCom would not take this reply: ${fault}`)
    }
    return { status, headers, raw: body, reply, elapsed }
  }

  /** Asks for the newest state of a stream, once. Throws as `post` does. */
  poll(streamId: string, o: PayloadOptions & Overrides = {}) {
    return this.post(this.stream(streamId, o), o)
  }

  /**
   * Delivers a callback as WeCom does: the same message up to three times, until it is answered with status 200 in
   * time. A click on a card is delivered once.
   * @throws the last failure
   */
  deliver(payload: Payload, o: Overrides = {}) {
    return deliver(this, payload, o)
  }

  /**
   * Says something and watches the bubble: every state of it, the last one with `finish`. Nothing at all where the bot
   * keeps silent. After six minutes it ends without `finish`, as WeCom stops asking then.
   * @param message a text, or any payload
   * @throws as `deliver`, and after three failed polls in a row
   */
  ask(message: string | Payload, o: PayloadOptions & Overrides = {}) {
    return watch(this, typeof message === 'string' ? this.text(message, o) : message, o)
  }
}
