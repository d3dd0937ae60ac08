import type { Clock } from '../util/clock'
import { formData } from './multipart'
import type { Post } from './client'
import { WecomApiError, callApi } from './client'
import type { PendingBody } from './send-queue'
import { SendQueue } from './send-queue'
import { ApiRetry } from './retry'
import { MAX_WEBHOOK_MARKDOWN_BYTES, MAX_WEBHOOK_MESSAGES, WEBHOOK_WINDOW_MS } from '../protocol/limits'
import { pieces } from '../render/split'

/** A group's webhook: one address, 20 messages in any minute, in the order they came. */
export class Webhook {
  private readonly queue: SendQueue
  private readonly retry: ApiRetry

  constructor(
    readonly url: string,
    readonly post: Post,
    readonly clock: Clock,
    capacity = 1000,
  ) {
    const send = (body: object) => callApi(post, url, body)
    this.queue = new SendQueue(send, clock, MAX_WEBHOOK_MESSAGES, WEBHOOK_WINDOW_MS, capacity)
    this.retry = new ApiRetry(clock)
  }

  /** Messages that wait for their place in the minute. */
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
   * Sends one message; tries again, with growing pauses, where WeCom is busy or was not reached.
   * @param body as documented, e.g. `{ msgtype: 'markdown_v2', markdown_v2: { content } }`
   * @throws {WecomApiError}
   * @see https://developer.work.weixin.qq.com/document/path/99110
   */
  send(body: object): Promise<void> {
    return this.queue.push([body])
  }

  /**
   * Sends messages that belong together, in this order. Where one fails, those behind it are not sent.
   * @param sent called for each that has been sent
   * @throws {WecomApiError}
   */
  sendAll(bodies: PendingBody[], sent?: () => void): Promise<void> {
    return this.queue.push(bodies, sent)
  }

  /** Sends Markdown, in as many messages as it takes. */
  async push(text: string): Promise<undefined> {
    await this.sendAll(pieces(text, MAX_WEBHOOK_MARKDOWN_BYTES).map(content => ({ msgtype: 'markdown_v2', markdown_v2: { content } })))
  }

  /**
   * Uploads a file for this webhook alone.
   * @returns its `media_id`, valid for three days
   * @throws {WecomApiError}
   * @see https://developer.work.weixin.qq.com/document/path/99110
   */
  async upload(type: 'file' | 'voice', name: string, data: Buffer): Promise<string> {
    const url = new URL(this.url)
    url.pathname = url.pathname.replace(/send$/, 'upload_media')
    url.searchParams.set('type', type)
    const form = formData('media', name, data)
    const { media_id: id } = await this.retry.run(() => callApi(this.post, url.href, form))
    if (typeof id !== 'string') throw new WecomApiError('unconfirmed', undefined, 'the answer has no "media_id"')
    return id
  }

  /** Stops, and hands out what was not sent; `settle` ends the waiting for it. */
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
