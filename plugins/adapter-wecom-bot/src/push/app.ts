import { Activity } from 'common/async'
import { toAppBodies } from './message-bodies'
import type { TemplateCard } from '../protocol/template-card'
import type { Clock } from '../util/clock'
import type { Media } from '../media/media'
import { toMedia } from '../media/media'
import { MediaError } from '../media/media-error'
import { formData } from '../api/multipart'
import type { MessagePart } from './parts'
import type { Push } from './push'
import { toDeliveryError } from './push'
import { WecomApiError, callApi, createPost } from '../api/client'
import { ApiRetry } from '../api/retry'
import type { HttpResponse, Transport } from '../api/http'

export interface WecomAppOptions {
  corpId: string
  agentId: string
  secret: string
  apiEndpoint: string
  /** Whether what it says is sent as Markdown, which is shown in WeCom only, or as plain text. */
  format: 'markdown' | 'text'
  /** Told of each card that has been sent. */
  sentCard?(card: TemplateCard): void
}

/** A token that WeCom does not take any more: the same request with a new one may be right. */
const STALE = [40014, 42001]
/** So long before its end a token is not used any more. Seconds. */
const MARGIN = 300

/**
 * The API of a self-built app.
 * @see https://developer.work.weixin.qq.com/document/path/90236
 */
export class WecomApp {
  private readonly retry: ApiRetry
  private token?: { value: string, until: number }
  private asking?: Promise<string>
  private readonly sending: Activity

  constructor(readonly options: WecomAppOptions, readonly transport: Transport, readonly clock: Clock) {
    this.retry = new ApiRetry(clock)
    this.sending = new Activity(clock)
  }

  /** Waits until everything is sent, at most `limitMs` milliseconds. */
  whenIdle(limitMs: number): Promise<boolean> {
    return this.sending.whenIdle(limitMs)
  }

  /**
   * The way to one person.
   * @returns `undefined` for what WeCom would take for several people, or for all
   */
  to(userId: string): Push | undefined {
    if (!userId || userId.startsWith('@') || userId.includes('|')) return
    return { send: parts => this.sending.run(() => this.send(userId, parts)) }
  }

  /**
   * A file that somebody has sent, valid for three days.
   * @throws {MediaError}
   * @see https://developer.work.weixin.qq.com/document/path/90254
   */
  async media(id: string, limit: number): Promise<Media> {
    try {
      return await this.retry.run(() => this.renewing(async (token) => {
        const url = this.url('media/get', { access_token: token, media_id: id })
        let answer: HttpResponse | undefined
        await callApi(async () => {
          answer = await this.transport(url, { limit })
          return !answer.disposition && /json|text/.test(answer.type) ? JSON.parse(answer.body.toString()) : { errcode: 0 }
        }, url, {})
        const { body, disposition } = answer!
        return toMedia({ data: body, disposition })
      }))
    } catch (error) {
      // Other errors may contain the URL with the token.
      const cause = error instanceof WecomApiError ? error : undefined
      throw new MediaError('wecom-bot/media-network-failed', cause?.message ?? 'the download failed', { cause })
    }
  }

  /**
   * Puts a button that cannot be clicked in the place of those of a card that somebody has answered.
   * @param code of the click, good for one update
   * @throws {WecomApiError}
   * @see https://developer.work.weixin.qq.com/document/path/94888
   */
  async closeCard(userId: string, code: string, button: string) {
    await this.sending.run(() => this.call('message/update_template_card', {
      userids: [userId],
      agentid: Number(this.options.agentId),
      response_code: code,
      button: { replace_name: button },
    }))
  }

  dispose() {
    this.retry.dispose()
  }

  private async send(userId: string, parts: MessagePart[]) {
    const bodies = toAppBodies(parts, this.options.format, (type, name, data) => this.upload(type, name, data))
    let sent = 0
    try {
      for (const make of bodies) {
        const body = await make()
        const message = { touser: userId, agentid: Number(this.options.agentId), ...body }
        const { invaliduser } = await this.call('message/send', message)
        if (invaliduser) throw new WecomApiError('refused', undefined, '收件人不在应用的可见范围内 / the app is not visible to this person')
        if ('template_card' in body) this.options.sentCard?.(body.template_card as TemplateCard)
        sent++
      }
    } catch (error) {
      throw toDeliveryError(error, parts, bodies.length - sent, bodies.length)
    }
  }

  /** @see https://developer.work.weixin.qq.com/document/path/90253 */
  private async upload(type: string, name: string, data: Buffer): Promise<string> {
    const { media_id: id } = await this.call('media/upload', formData('media', name, data), { type })
    if (typeof id !== 'string') throw new WecomApiError('unconfirmed', undefined, 'the answer has no "media_id"')
    return id
  }

  private call(path: string, body: object, params: Record<string, string> = {}) {
    return this.retry.run(() => this.renewing((token) => {
      return callApi(createPost(this.transport), this.url(path, { access_token: token, ...params }), body)
    }))
  }

  /** Once more with a new token, where the one we have is stale before its time. */
  private async renewing<T>(action: (token: string) => Promise<T>): Promise<T> {
    const token = await this.accessToken()
    try {
      return await action(token)
    } catch (error) {
      if (!(error instanceof WecomApiError) || !STALE.includes(error.errcode!)) throw error
      // Another call may have renewed it in the meantime.
      if (this.token?.value === token) this.token = undefined
      return action(await this.accessToken())
    }
  }

  private async accessToken(): Promise<string> {
    if (this.token && this.token.until > this.clock.now()) return this.token.value
    this.asking ??= this.askToken().finally(() => this.asking = undefined)
    return this.asking
  }

  /** @see https://developer.work.weixin.qq.com/document/path/91039 */
  private async askToken(): Promise<string> {
    const { corpId, secret } = this.options
    const url = this.url('gettoken', { corpid: corpId, corpsecret: secret })
    const answer = await callApi(async () => JSON.parse((await this.transport(url)).body.toString()), url, {})
    const { access_token: value, expires_in: life } = answer
    if (typeof value !== 'string' || !value) throw new WecomApiError('unconfirmed', undefined, 'the answer has no "access_token"')
    this.token = { value, until: this.clock.now() + Math.max(Number(life) - MARGIN || 0, 60) * 1000 }
    return value
  }

  private url(path: string, params: Record<string, string>): string {
    return `${this.options.apiEndpoint.replace(/\/+$/, '')}/cgi-bin/${path}?${new URLSearchParams(params)}`
  }
}
