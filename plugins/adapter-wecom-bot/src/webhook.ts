import { Clock } from './clock'
import { Limiter } from './limiter'
import { Post, QyapiError, call } from './qyapi'
import { pieces } from './split'

/** Most bytes of a `markdown_v2` message. */
export const WEBHOOK_LIMIT = 4096

/** Passing troubles of WeCom: too fast, or busy. */
const passing = [45009, -1]

/** A group's webhook: one address, 20 messages in any minute, in the order they came. */
export class Webhook {
  readonly #limiter: Limiter

  constructor(
    readonly url: string,
    readonly post: Post,
    readonly clock: Clock,
    capacity = 1000,
  ) {
    this.#limiter = new Limiter(clock, 20, 60_000, capacity)
  }

  /** Messages that wait for their place in the minute. */
  get waiting() {
    return this.#limiter.waiting
  }

  /**
   * Sends one message; tries again, with growing pauses, where WeCom is busy or was not reached.
   * @param body as documented, e.g. `{ msgtype: 'markdown_v2', markdown_v2: { content } }`
   * @throws {QyapiError}
   * @see https://developer.work.weixin.qq.com/document/path/99110
   */
  async send(body: object): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const turn = this.#limiter.enter()
      if (!turn) throw new QyapiError('unsent', undefined, 'too many messages wait for this webhook')
      await turn
      try {
        await call(this.post, this.url, body)
        return
      } catch (error) {
        if (attempt > 3 || !(error instanceof QyapiError) || !isPassing(error)) throw error
        await new Promise<void>(resolve => this.clock.setTimeout(resolve, 2 ** attempt * 1000))
      }
    }
  }

  /** Sends Markdown, in as many messages as it takes. */
  async push(text: string): Promise<undefined> {
    for (const content of pieces(text, WEBHOOK_LIMIT)) {
      await this.send({ msgtype: 'markdown_v2', markdown_v2: { content } })
    }
  }

  dispose() {
    this.#limiter.dispose()
  }
}

function isPassing({ failure, errcode }: QyapiError) {
  return failure === 'unsent' || passing.includes(errcode!)
}
