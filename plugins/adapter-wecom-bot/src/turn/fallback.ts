import { retry } from 'common/async'
import type { Clock } from '../util/clock'
import type { InlineImage } from '../protocol/reply'
import { MAX_STREAM_BYTES, MAX_WEBHOOK_MARKDOWN_BYTES, RESPONSE_URL_LIFETIME_MS } from '../protocol/limits'
import type { Post } from '../api/client'
import { WecomApiError, callApi } from '../api/client'
import { SYSTEM_BUSY } from '../api/retry'
import { cut, pieces } from '../render/split'
import type { Notices } from './bubble'
import type { Turn } from './turn'
import type { Said } from '../render/said'
import { inWords } from '../render/said'
import type { Webhook } from '../api/webhook'
import { DeliveryError } from '../api/delivery-error'

/** Before the only retry of a post to `response_url`. */
const RETRY_PAUSE_MS = 1000

/** A way out that a callback brought along, instead of all others. */
export interface DeliveryOverride {
  readonly isOpen: boolean
  /** @throws {DeliveryError} */
  send(turn: Turn, said: Said): Promise<void>
}

/**
 * The ways out beside the stream, in their order: `response_url`, once, within its hour, then the webhook of the
 * turn's own group. Each character leaves at most once.
 */
export class FallbackDelivery {
  /** Turns that do not come from an intelligent bot. */
  readonly overrides = new WeakMap<Turn, DeliveryOverride>()

  constructor(
    readonly post: Post,
    readonly clock: Clock,
    readonly notices: Pick<Notices, 'lost'>,
    /** The webhook of this very chat, if it is known. */
    readonly webhookOf: (chatId: string) => Webhook | undefined,
  ) {}

  /** Whether anything can still be sent to where the turn came from. */
  isOpen(turn: Turn): boolean {
    return this.overrides.get(turn)?.isOpen ?? (this.isValid(turn) || !!this.webhook(turn))
  }

  /**
   * Sends a message to where the turn came from: its text, then its pictures.
   * @throws {DeliveryError} naming how many characters nobody got
   */
  async send(turn: Turn, said: Said): Promise<void> {
    const way = this.overrides.get(turn)
    if (way) return way.send(turn, said)
    const webhook = this.webhook(turn)
    // Of the ways only a webhook takes pictures; without one they are put in words.
    const pictures = webhook ? said.images ?? [] : []
    const text = inWords(pictures.length ? { ...said, images: [] } : said)
    const losses: DeliveryError[] = []
    const rest = text && this.isValid(turn) ? await this.respond(turn, text, losses, webhook) : text
    if (webhook) {
      await this.push(webhook, rest, pictures, losses)
    } else if (rest) {
      losses.push(new DeliveryError('no-way', rest.length, `${rest.length} characters are lost: the stream is closed, `
        + 'response_url is used up or expired, and no webhook of this chat is configured'))
    }
    if (losses.length) throw sum(losses)
  }

  /** @returns what has to go out on the next way */
  private async respond(turn: Turn, text: string, losses: DeliveryError[], webhook?: Webhook): Promise<string> {
    const responseUrl = turn.responseUrl!
    let [content, rest] = cut(text, MAX_STREAM_BYTES)
    const isLast = rest && !webhook
    if (isLast) {
      // Nothing comes after this message, so it has to say what is missing.
      ;[content, rest] = cut(text, MAX_STREAM_BYTES - Buffer.byteLength(this.notices.lost(text.length)) - 2)
      content += '\n\n' + this.notices.lost(rest.length)
    }
    responseUrl.used = true
    try {
      await this.postOnce(responseUrl.url, { msgtype: 'markdown', markdown: { content } })
      return rest
    } catch (error) {
      if (!(error instanceof WecomApiError)) throw error
      if (error.failure === 'unknown') {
        // It may have arrived: said twice is worse than a word of doubt. What comes behind it goes on.
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
      attempts: 2,
      delayMs: (error) => {
        const isPassing = error instanceof WecomApiError && (error.failure === 'unsent' || error.errcode === SYSTEM_BUSY)
        return isPassing ? RETRY_PAUSE_MS : undefined
      },
    })
  }

  private async push(webhook: Webhook, text: string, pictures: InlineImage[], losses: DeliveryError[]) {
    const messages = [
      ...pieces(text, MAX_WEBHOOK_MARKDOWN_BYTES).map(content => ({ words: content, body: { msgtype: 'markdown_v2', markdown_v2: { content } } })),
      ...pictures.map(image => ({ words: inWords({ text: '', images: [image] }), body: { msgtype: 'image', image } })),
    ]
    const total = inWords({ text, images: pictures }).length
    let sent = 0
    try {
      await webhook.sendAll(messages.map(({ body }) => body), () => void sent++)
    } catch (error) {
      if (!(error instanceof WecomApiError)) throw error
      // Of what was cut nothing is counted that was between the pieces, unless all of it is lost.
      const left = messages.slice(sent).map(({ words }) => words)
      const lost = sent ? left.join('').length : total
      losses.push(failed(error, lost, error.failure === 'unknown' ? left[0].length : 0))
    }
  }

  private isValid({ responseUrl, openedAt }: Turn) {
    return !!responseUrl && !responseUrl.used && this.clock.now() < openedAt + RESPONSE_URL_LIFETIME_MS
  }

  private webhook({ owner }: Turn) {
    // Never for a single chat: a webhook speaks to a whole group.
    return owner.chatId ? this.webhookOf(owner.chatId) : undefined
  }
}

function failed(error: WecomApiError, lost: number, doubtful = 0) {
  const fate = error.failure === 'deferred' ? 'wait for the next start' : 'are lost'
  const doubt = doubtful && `, ${doubtful} of them perhaps not`
  return new DeliveryError(error.failure, lost, `${lost} characters ${fate}${doubt || ''}: ${error.message}`, doubtful)
}

function sum(losses: DeliveryError[]): DeliveryError {
  if (losses.length === 1) return losses[0]
  const total = (count: (loss: DeliveryError) => number) => losses.map(count).reduce((one, other) => one + other)
  const messages = losses.map(({ message }) => message).join('; ')
  return new DeliveryError(losses.at(-1)!.code, total(({ lost }) => lost), messages, total(({ doubtful }) => doubtful))
}
