import { randomInt } from 'node:crypto'
import type { Clock } from '../../clock'
import { systemClock } from '../../clock'
import { decodeKey, encrypt, sign } from '../crypto'
import type { CallbackClient, CallbackResponse, ClientOptions, Overrides, VerificationClient } from './callback'
import { deliver, watchStream } from './conversation'
import { ReplyError, readReply } from './envelope'
import { sendRequest } from './http'
import type { Payload, PayloadOptions } from './payload'
import { PayloadBuilder } from './payload'
import { replyFaults } from './reply-rules'
import type { VerificationResult } from './verify'
import { verify } from './verify'

/** Milliseconds WeCom waits for the response to a callback. */
const CALLBACK_TIMEOUT_MS = 5000

/** WeCom as a client of the bot: builds, signs, encrypts and delivers callbacks, and validates the replies. */
export class WecomClient extends PayloadBuilder implements CallbackClient, VerificationClient {
  readonly url: URL
  readonly clock: Clock
  readonly pollInterval: number
  private readonly key: Buffer

  /**
   * @throws {CipherError} if the EncodingAESKey is malformed
   * @throws {TypeError} if the URL is malformed
   */
  constructor(readonly options: ClientOptions) {
    const clock = options.wecom?.clock ?? systemClock
    const { botId = 'AIBOTID', userId = 'USERID', botName, wecom, now = () => clock.now() } = options
    super({ botId, userId, botName, now, issueResponseUrl: wecom && (type => wecom.issueResponseUrl(type)) })
    this.url = new URL(options.url)
    this.key = decodeKey(options.encodingAESKey)
    this.clock = clock
    this.pollInterval = options.pollInterval ?? 1000
  }

  now() {
    return this.sender.now()
  }

  /** @returns the callback URL with timestamp, nonce and signature */
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

  requestEcho(encrypted: string, signature?: string) {
    const { url } = this.sign(encrypted, { signature, query: { echostr: encrypted } })
    const { timeout = CALLBACK_TIMEOUT_MS, agent } = this.options
    return sendRequest(url, { method: 'GET', timeout, agent })
  }

  /** Checks the callback URL as the admin console does when the settings are saved, and diagnoses a failure. */
  verify(): Promise<VerificationResult> {
    return verify(this)
  }

  /**
   * Delivers one callback, once.
   * @param payload what to encrypt; a string is encrypted as is
   * @throws {SendError} if there is no response
   * @throws {ReplyError} if WeCom would reject the reply
   */
  async post(payload: Payload | string, o: Overrides = {}): Promise<CallbackResponse> {
    // WeCom escapes slashes in its JSON.
    const message = typeof payload === 'string' ? payload : JSON.stringify(payload).replaceAll('/', '\\/')
    const encrypted = this.encrypt(message, o)
    const { url, nonce } = this.sign(encrypted, o)
    const began = performance.now()
    const { status, headers, body } = await sendRequest(url, {
      method: o.method ?? 'POST',
      headers: { 'content-type': o.contentType ?? 'application/json', ...o.headers },
      body: o.body ?? JSON.stringify({ encrypt: encrypted }),
      timeout: o.timeout ?? this.options.timeout ?? CALLBACK_TIMEOUT_MS,
      agent: this.options.agent,
      signal: o.signal,
    })
    const elapsed = performance.now() - began
    const { token, receiveId } = this.options
    const reply = status === 200 ? readReply(body, { token, key: this.key, receiveId, nonce }) : undefined
    if (reply && typeof payload === 'object') {
      const [fault] = replyFaults(payload, reply)
      if (fault) throw new ReplyError(`企业微信不接受这个回复 / WeCom rejects this reply: ${fault}`)
    }
    return { status, headers, raw: body, reply, elapsed }
  }

  /** Requests the current state of a stream, once. Throws as `post` does. */
  poll(streamId: string, o: PayloadOptions & Overrides = {}) {
    return this.post(this.stream(streamId, o), o)
  }

  /**
   * Delivers a callback as WeCom does: the same message up to three times, until a response with status 200 arrives
   * in time. A click on a card is delivered once.
   * @throws the error of the last attempt
   */
  deliver(payload: Payload, o: Overrides = {}) {
    return deliver(this, payload, o)
  }

  /**
   * Sends a message and polls the reply. Yields every state of the reply, the last one with `finish`; yields nothing
   * if the bot does not reply. After six minutes the polling ends without `finish`, as WeCom's does.
   * @param message a text, or any payload
   * @throws as `deliver`, and after three failed polls in a row
   */
  ask(message: string | Payload, o: PayloadOptions & Overrides = {}) {
    return watchStream(this, typeof message === 'string' ? this.text(message, o) : message, o)
  }
}
