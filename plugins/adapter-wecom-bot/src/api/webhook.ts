import type { Clock } from 'common/time'
import { formData } from './multipart'
import type { Post } from './client'
import { WecomApiError, callApi } from './client'
import type { GoesOn, PendingBody } from './send-queue'
import { SendQueue } from './send-queue'
import { ApiRetry } from './retry'
import { MAX_WEBHOOK_MARKDOWN_BYTES, MAX_WEBHOOK_MESSAGES, WEBHOOK_WINDOW_MS } from '../protocol/limits'
import { pieces } from '../render/split'

/**
 * One group webhook. Messages are sent in order, at most `MAX_WEBHOOK_MESSAGES` per minute.
 * @see https://developer.work.weixin.qq.com/document/path/99110
 */
export class Webhook {
  private readonly queue: SendQueue
  private readonly retry: ApiRetry

  /** @param capacity most messages that may wait */
  constructor(
    readonly url: string,
    readonly post: Post,
    readonly clock: Clock,
    capacity = 1000,
    /** Waits for a limit that counts over all instances. */
    admit?: (signal: AbortSignal) => Promise<unknown>,
  ) {
    const send = (body: object) => callApi(post, url, body)
    this.queue = new SendQueue(send, clock, MAX_WEBHOOK_MESSAGES, WEBHOOK_WINDOW_MS, capacity, admit)
    this.retry = new ApiRetry(clock)
  }

  /** Number of messages waiting for the rate limit. */
  get waiting() {
    return this.queue.waiting
  }

  get isIdle() {
    return this.queue.isIdle
  }

  /** Waits until everything is sent, at most `limitMs` milliseconds. */
  whenIdle(limitMs: number): Promise<boolean> {
    return this.queue.whenIdle(limitMs)
  }

  /**
   * Sends one message. Retries while WeCom is busy or cannot be reached.
   * @param body such as `{ msgtype: 'markdown_v2', markdown_v2: { content } }`
   * @throws {WecomApiError}
   * @see https://developer.work.weixin.qq.com/document/path/99110
   */
  send(body: object): Promise<void> {
    return this.queue.push([body])
  }

  /**
   * Sends a batch of messages in order.
   * @param sent called after each message
   * @param goesOn never by default
   * @throws {WecomApiError} of the first message that failed; those after it are not sent, unless `goesOn` allows it
   */
  sendAll(bodies: PendingBody[], sent?: () => void, goesOn?: GoesOn): Promise<void> {
    return this.queue.push(bodies, sent, goesOn)
  }

  /**
   * Sends Markdown, split into as many messages as it takes.
   * @throws {WecomApiError}
   */
  async push(text: string): Promise<undefined> {
    await this.sendAll(pieces(text, MAX_WEBHOOK_MARKDOWN_BYTES).map(content => ({ msgtype: 'markdown_v2', markdown_v2: { content } })))
  }

  /**
   * Uploads a file. Other webhooks cannot use it.
   * @returns its `media_id`, valid for `MEDIA_ID_LIFETIME_MS`
   * @throws {WecomApiError}
   * @see https://developer.work.weixin.qq.com/document/path/99110
   */
  async upload(type: 'file' | 'voice', name: string, data: Buffer): Promise<string> {
    const url = new URL(this.url)
    url.pathname = url.pathname.replace(/send$/, 'upload_media')
    url.searchParams.set('type', type)
    const form = formData('media', name, data)
    const { media_id: id } = await this.retry.run(() => callApi(this.post, url.href, form))
    if (typeof id !== 'string') throw new WecomApiError('unconfirmed', undefined, 'the response has no "media_id"')
    return id
  }

  /** Stops sending. @returns the unsent messages; their batches stay pending until `rejectPending` */
  close() {
    this.retry.dispose()
    return this.queue.close()
  }

  rejectPending(error: WecomApiError) {
    this.queue.rejectPending(error)
  }

  dispose() {
    this.retry.dispose()
    this.queue.dispose()
  }
}
