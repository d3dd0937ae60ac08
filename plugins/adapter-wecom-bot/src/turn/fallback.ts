import { retry } from 'common/async'
import type { Clock } from 'common/time'
import type { InlineImage } from '../protocol/reply'
import { MAX_STREAM_BYTES, MAX_WEBHOOK_MARKDOWN_BYTES, RESPONSE_URL_LIFETIME_MS } from '../protocol/limits'
import type { Post } from '../api/client'
import { WecomApiError, callApi } from '../api/client'
import { MAX_ATTEMPTS, SYSTEM_BUSY, delayMs, isRateLimit, isRefusedForGood } from '../api/retry'
import { cut, pieces } from '../render/split'
import type { Notices } from './notices'
import type { Said } from '../render/said'
import { inWords } from '../render/said'
import type { DeliveryOverride, Turn } from './turn'
import type { Webhook } from '../api/webhook'
import { DeliveryError } from '../api/delivery-error'

/** Before the only retry of a post to `response_url` that was not sent, or found WeCom busy. */
const RETRY_PAUSE_MS = 1000

/** What became of a message, in characters. */
export interface DeliveryOutcome {
  total: number
  /** Known not to have arrived. */
  lost: number
  /** Sent without a confirmation. */
  unconfirmed: number
}

/**
 * Delivers what a stream cannot: first by the turn's `response_url`, once and within its hour, then by the webhook of
 * the turn's own group. A turn with a way out of its own takes that one first. No character is sent twice.
 */
export class FallbackDelivery {
  constructor(
    readonly post: Post,
    readonly clock: Clock,
    readonly notices: Pick<Notices, 'lost' | 'noPictures'>,
    /** The webhook of exactly this chat, if there is one. */
    readonly webhookOf: (chatId: string) => Webhook | undefined,
  ) {}

  /** Whether a message can still be sent to where the turn came from. */
  isOpen(turn: Turn): boolean {
    return this.isValid(turn) || (turn.override?.isOpen ?? !!this.webhook(turn))
  }

  /**
   * Sends a message to where the turn came from: its text, then its images.
   * @throws {DeliveryError} with the number of characters that were not delivered
   */
  async send(turn: Turn, said: Said): Promise<void> {
    if (turn.override && await this.sendByOverride(turn, turn.override, said)) return
    const webhook = this.webhook(turn)
    // Only webhooks take images; without one they are replaced by text.
    const pictures = webhook ? said.images ?? [] : []
    const text = pictures.length ? inWords({ ...said, images: [] }) : this.withPlaceholders(said)
    const losses: DeliveryError[] = []
    const rest = text && this.isValid(turn) ? await this.respond(turn, text, losses, webhook) : text
    if (webhook) {
      await this.push(webhook, rest, pictures, losses)
    } else if (rest) {
      losses.push(new DeliveryError('wecom-bot/no-route', rest.length, `${rest.length} characters not delivered: the stream is closed, `
        + 'response_url is used or expired, and no webhook is configured for this chat'))
    }
    if (losses.length) throw combine(losses)
  }

  /**
   * Like `send`, but does not reject.
   * @param failed called with the reason if not all of it was delivered
   */
  async deliver(turn: Turn, said: Said, failed: (error: unknown) => void): Promise<DeliveryOutcome> {
    const total = inWords(said).length
    try {
      await this.send(turn, said)
      return { total, lost: 0, unconfirmed: 0 }
    } catch (error) {
      failed(error)
      if (!(error instanceof DeliveryError)) return { total, lost: total, unconfirmed: 0 }
      const { code, lost, doubtful: unconfirmed } = error
      // A deferred message is not lost: it is sent after the next start.
      return { total, lost: code === 'wecom-bot/delivery-deferred' ? 0 : lost - unconfirmed, unconfirmed }
    }
  }

  /**
   * @returns `false` if nothing of the message was sent, and `response_url` may take it
   * @throws {DeliveryError}
   */
  private async sendByOverride(turn: Turn, override: DeliveryOverride, said: Said): Promise<boolean> {
    try {
      await override.send(turn, said)
      return true
    } catch (error) {
      const isUnsent = error instanceof DeliveryError && !error.doubtful && error.lost >= inWords(said).length
      if (isUnsent && this.isValid(turn)) return false
      throw error
    }
  }

  private withPlaceholders(said: Said): string {
    return said.images?.length ? `${inWords(said)}\n\n${this.notices.noPictures}` : inWords(said)
  }

  /** Posts to `response_url`. @returns the text that is left for the webhook */
  private async respond(turn: Turn, text: string, losses: DeliveryError[], webhook?: Webhook): Promise<string> {
    const responseUrl = turn.responseUrl!
    let [content, rest] = cut(text, MAX_STREAM_BYTES)
    const isLast = rest && !webhook
    if (isLast) {
      // No message follows, so this one says how much is missing.
      ;[content, rest] = cut(text, MAX_STREAM_BYTES - Buffer.byteLength(this.notices.lost(text.length)) - 2)
      content += '\n\n' + this.notices.lost(rest.length)
    }
    responseUrl.used = true
    try {
      await this.postOnce(responseUrl.url, { msgtype: 'markdown', markdown: { content } })
      return rest
    } catch (error) {
      if (!(error instanceof WecomApiError)) throw error
      if (error.failure === 'unconfirmed') {
        // Unconfirmed: do not resend. Continue with the remainder.
        const count = text.length - rest.length
        losses.push(failed(error, count, count))
        return rest
      }
      responseUrl.used = error.failure === 'refused'
      if (webhook) return text
      losses.push(failed(error, text.length))
      return ''
    }
  }

  private async postOnce(url: string, body: object) {
    await retry(() => callApi(this.post, url, body), {
      clock: this.clock,
      attempts: MAX_ATTEMPTS,
      delayMs: (error, attempt) => {
        if (!(error instanceof WecomApiError)) return
        // As long as a webhook would wait: the limit is counted per minute.
        if (isRateLimit(error)) return delayMs(error, attempt)
        const isPassing = error.failure === 'unsent' || error.errcode === SYSTEM_BUSY
        return isPassing && attempt === 0 ? RETRY_PAUSE_MS : undefined
      },
    })
  }

  private async push(webhook: Webhook, text: string, pictures: InlineImage[], losses: DeliveryError[]) {
    const messages = [
      ...pieces(text, MAX_WEBHOOK_MARKDOWN_BYTES).map(content => ({ words: content, body: { msgtype: 'markdown_v2', markdown_v2: { content } } })),
      ...pictures.map(image => ({ words: inWords({ text: '', images: [image] }), body: { msgtype: 'image', image } })),
    ]
    const total = inWords({ text, images: pictures }).length
    const left = messages.map(({ words }) => words)
    let sent = 0
    // A refused picture does not keep back the others.
    const goesOn = (error: unknown) => sent >= messages.length - pictures.length && isRefusedForGood(error)
    try {
      await webhook.sendAll(messages.map(({ body }) => body), () => {
        left.shift()
        sent++
      }, goesOn)
    } catch (error) {
      if (!(error instanceof WecomApiError)) throw error
      // Separators between the pieces are not counted, unless everything is lost.
      const lost = sent ? left.join('').length : total
      losses.push(failed(error, lost, error.failure === 'unconfirmed' ? left[0].length : 0))
    }
  }

  private isValid({ responseUrl, openedAt }: Turn) {
    return !!responseUrl && !responseUrl.used && this.clock.monotonic() < openedAt + RESPONSE_URL_LIFETIME_MS
  }

  private webhook({ owner }: Turn) {
    // Never for a single chat: a webhook posts to a whole group.
    return owner.chatId ? this.webhookOf(owner.chatId) : undefined
  }
}

function failed(error: WecomApiError, lost: number, doubtful = 0) {
  return DeliveryError.fromApi(error, `${lost} characters`, lost, doubtful, `${doubtful} of them`)
}

function combine(losses: DeliveryError[]): DeliveryError {
  if (losses.length === 1) return losses[0]
  const total = (count: (loss: DeliveryError) => number) => losses.map(count).reduce((one, other) => one + other)
  const messages = losses.map(({ message }) => message).join('; ')
  return new DeliveryError(losses.at(-1)!.code, total(({ lost }) => lost), messages, total(({ doubtful }) => doubtful))
}

/** Some of it was delivered and cannot be taken back, or may have been: it must not be sent again. */
export function isDelivered({ total, lost }: DeliveryOutcome): boolean {
  return lost < total
}

/**
 * The notice about an outcome.
 * @param sent text for the part that was delivered
 */
export function describeOutcome({ total, lost, unconfirmed }: DeliveryOutcome, sent: string, notices: Notices): string {
  return [
    lost + unconfirmed < total && sent,
    unconfirmed && notices.unconfirmed(unconfirmed),
    lost && notices.lost(lost),
  ].filter(Boolean).join('\n\n')
}
