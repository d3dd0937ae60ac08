import { Activity } from 'common/async'
import { toAppBodies } from './message-bodies'
import type { TemplateCard } from '../protocol/template-card'
import type { Clock } from 'common/time'
import type { Media } from '../media/media'
import { toMedia } from '../media/media'
import { MediaError } from '../media/media-error'
import { formData } from '../api/multipart'
import type { MessagePart } from './parts'
import type { Push } from './push'
import { isExtra, toDeliveryError } from './push'
import { WecomApiError, callApi, createPost } from '../api/client'
import { ApiRetry, isRefusedForGood } from '../api/retry'
import type { HttpResponse, Transport } from '../api/http'

export interface WecomAppOptions {
  corpId: string
  agentId: string
  secret: string
  apiEndpoint: string
  /** Markdown is shown in WeCom only, plain text in WeChat as well. */
  format: 'markdown' | 'text'
  /** Called for each card that was sent. */
  sentCard?(card: TemplateCard): void
}

/** The access token is no longer valid. */
const INVALID_TOKEN_CODES = [40014, 42001]
/** A token is renewed this long before it expires. */
const TOKEN_MARGIN_SECONDS = 300
const MIN_TOKEN_LIFETIME_SECONDS = 60

/**
 * The API of a self-built app: messages, files and card updates.
 * @see https://developer.work.weixin.qq.com/document/path/90236
 */
export class WecomApp {
  private readonly retry: ApiRetry
  private token?: { value: string, until: number }
  /** The running request for a token. */
  private requesting?: Promise<string>
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
   * Messages to one person.
   * @returns `undefined` for an id that WeCom would take for several people or for everyone
   */
  to(userId: string): Push | undefined {
    if (!userId || userId.startsWith('@') || userId.includes('|')) return
    return { send: parts => this.sending.run(() => this.send(userId, parts)) }
  }

  /**
   * Downloads a received file, which is available for `MEDIA_ID_LIFETIME_MS`.
   * @param limit most bytes
   * @throws {MediaError}
   * @see https://developer.work.weixin.qq.com/document/path/90254
   */
  async media(id: string, limit: number): Promise<Media> {
    try {
      return await this.retry.run(() => this.withToken(async (token) => {
        const url = this.url('media/get', { access_token: token, media_id: id })
        let response: HttpResponse | undefined
        await callApi(async () => {
          response = await this.transport(url, { limit })
          const isError = !response.disposition && /json|text/.test(response.type)
          return isError ? JSON.parse(response.body.toString()) : { errcode: 0 }
        }, url, {})
        const { body, disposition } = response!
        return toMedia({ data: body, disposition })
      }))
    } catch (error) {
      // Other errors may contain the URL and with it the token.
      const cause = error instanceof WecomApiError ? error : undefined
      throw new MediaError('wecom-bot/media-network-failed', cause?.message ?? 'the download failed', { cause })
    }
  }

  /**
   * Replaces the buttons of an answered card by one that cannot be clicked.
   * @param code the `response_code` of the click, valid for one update within `CARD_UPDATE_LIFETIME_MS`
   * @param button its label
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
    let refused: unknown
    try {
      for (const make of bodies) {
        let body: object = {}
        try {
          body = await make()
          await this.sendOne(userId, body)
          sent++
        } catch (error) {
          // The words beside a card or a picture that WeCom refuses are sent all the same.
          if (!isExtra(body) || !isRefusedForGood(error) || isHidden(error)) throw error
          refused ??= error
        }
      }
      if (refused) throw refused
    } catch (error) {
      throw toDeliveryError(error, parts, bodies.length - sent, bodies.length)
    }
  }

  private async sendOne(userId: string, body: object) {
    const response = await this.call('message/send', { touser: userId, agentid: Number(this.options.agentId), ...body })
    if (response.invaliduser) throw new WecomApiError('refused', undefined, '收件人不在应用的可见范围内 / the app is not visible to this person')
    if ('template_card' in body) this.options.sentCard?.(body.template_card as TemplateCard)
  }

  /** @see https://developer.work.weixin.qq.com/document/path/90253 */
  private async upload(type: string, name: string, data: Buffer): Promise<string> {
    const { media_id: id } = await this.call('media/upload', formData('media', name, data), { type })
    if (typeof id !== 'string') throw new WecomApiError('unconfirmed', undefined, 'the response has no "media_id"')
    return id
  }

  private call(path: string, body: object, params: Record<string, string> = {}) {
    return this.retry.run(() => this.withToken((token) => {
      return callApi(createPost(this.transport), this.url(path, { access_token: token, ...params }), body)
    }))
  }

  /** Repeats the action once with a new token, if WeCom no longer accepts the current one. */
  private async withToken<T>(action: (token: string) => Promise<T>): Promise<T> {
    const token = await this.accessToken()
    try {
      return await action(token)
    } catch (error) {
      if (!(error instanceof WecomApiError) || !INVALID_TOKEN_CODES.includes(error.errcode!)) throw error
      // Another call may have renewed the token already.
      if (this.token?.value === token) this.token = undefined
      return action(await this.accessToken())
    }
  }

  private async accessToken(): Promise<string> {
    if (this.token && this.token.until > this.clock.monotonic()) return this.token.value
    this.requesting ??= this.requestToken().finally(() => this.requesting = undefined)
    return this.requesting
  }

  /** @see https://developer.work.weixin.qq.com/document/path/91039 */
  private async requestToken(): Promise<string> {
    const { corpId, secret } = this.options
    const url = this.url('gettoken', { corpid: corpId, corpsecret: secret })
    const answer = await callApi(async () => JSON.parse((await this.transport(url)).body.toString()), url, {})
    const { access_token: value, expires_in: lifetime } = answer
    if (typeof value !== 'string' || !value) throw new WecomApiError('unconfirmed', undefined, 'the response has no "access_token"')
    const seconds = Math.max(Number(lifetime) - TOKEN_MARGIN_SECONDS || 0, MIN_TOKEN_LIFETIME_SECONDS)
    this.token = { value, until: this.clock.monotonic() + seconds * 1000 }
    return value
  }

  private url(path: string, params: Record<string, string>): string {
    return `${this.options.apiEndpoint.replace(/\/+$/, '')}/cgi-bin/${path}?${new URLSearchParams(params)}`
  }
}

/** The person cannot be reached: other messages would not be accepted either. */
function isHidden(error: unknown): boolean {
  return (error as WecomApiError).errcode === undefined
}
