import { Clock } from './clock'
import { MARKDOWN_LIMIT } from './reply'
import { Post, QyapiError, call } from './qyapi'
import { cut, pieces } from './split'
import { Notices } from './stream'
import { Turn } from './turn'
import { WEBHOOK_LIMIT, Webhook } from './webhook'

/** How long a `response_url` is valid. https://developer.work.weixin.qq.com/document/path/101138 */
const RESPONSE_URL_LIFE = 3600_000

/** Text that reached nobody. */
export class DeliveryError extends Error {
  override name = 'DeliveryError'

  constructor(readonly code: 'no-way' | QyapiError['failure'], readonly lost: number, message: string) {
    super(message)
  }
}

/** A way out that a callback brought along, instead of all others. */
export interface Way {
  readonly isOpen: boolean
  /** @throws {DeliveryError} */
  send(turn: Turn, text: string): Promise<void>
}

/**
 * The ways out beside the stream, in their order: `response_url`, once, within its hour, then the webhook of the
 * turn's own group. Each character leaves at most once.
 */
export class Outlet {
  /** Turns that do not come from an intelligent bot. */
  readonly ways = new WeakMap<Turn, Way>()

  constructor(
    readonly post: Post,
    readonly clock: Clock,
    readonly notices: Notices,
    /** The webhook of this very chat, if it is known. */
    readonly webhookOf: (chatId: string) => Webhook | undefined,
  ) {}

  /** Whether anything can still be sent to where the turn came from. */
  isOpen(turn: Turn): boolean {
    return this.ways.get(turn)?.isOpen ?? (this.#isValid(turn) || !!this.#webhook(turn))
  }

  /**
   * Sends Markdown to where the turn came from.
   * @throws {DeliveryError} naming how many characters nobody got
   */
  async send(turn: Turn, text: string): Promise<void> {
    const way = this.ways.get(turn)
    if (way) return way.send(turn, text)
    const webhook = this.#webhook(turn)
    const rest = this.#isValid(turn) ? await this.#respond(turn, text, webhook) : text
    if (!rest) return
    if (!webhook) {
      throw new DeliveryError('no-way', rest.length, `${rest.length} characters are lost: the stream is closed, `
        + 'response_url is used up or expired, and no webhook of this chat is configured')
    }
    const parts = pieces(rest, WEBHOOK_LIMIT)
    let sent = 0
    try {
      await webhook.sendAll(parts.map(content => ({ msgtype: 'markdown_v2', markdown_v2: { content } })), () => void sent++)
    } catch (error) {
      throw failed(error, parts.slice(sent).join('').length)
    }
  }

  /** @returns what did not get out */
  async #respond(turn: Turn, text: string, webhook?: Webhook): Promise<string> {
    const responseUrl = turn.responseUrl!
    let [content, rest] = cut(text, MARKDOWN_LIMIT)
    if (rest && !webhook) {
      // Nothing comes after this message, so it has to say what is missing.
      ;[content, rest] = cut(text, MARKDOWN_LIMIT - Buffer.byteLength(this.notices.lost(text.length)) - 2)
      content += '\n\n' + this.notices.lost(rest.length)
    }
    responseUrl.used = true
    try {
      await this.#post(responseUrl.url, { msgtype: 'markdown', markdown: { content } })
      return rest
    } catch (error) {
      if (!(error instanceof QyapiError)) throw error
      // It may have arrived: said twice is worse than an operator's look at the log.
      if (error.failure === 'unknown') throw failed(error, text.length)
      responseUrl.used = error.failure === 'refused'
      if (!webhook) throw failed(error, text.length)
      return text
    }
  }

  async #post(url: string, body: object) {
    try {
      await call(this.post, url, body)
    } catch (error) {
      if (!(error instanceof QyapiError) || error.failure !== 'unsent') throw error
      await new Promise<void>(resolve => this.clock.setTimeout(resolve, 1000))
      await call(this.post, url, body)
    }
  }

  #isValid({ responseUrl, openedAt }: Turn) {
    return !!responseUrl && !responseUrl.used && this.clock.now() < openedAt + RESPONSE_URL_LIFE
  }

  #webhook({ owner }: Turn) {
    // Never for a single chat: a webhook speaks to a whole group.
    return owner.chatId ? this.webhookOf(owner.chatId) : undefined
  }
}

function failed(error: unknown, lost: number) {
  if (!(error instanceof QyapiError)) return error
  return new DeliveryError(error.failure, lost, `${lost} characters are lost: ${error.message}`)
}
