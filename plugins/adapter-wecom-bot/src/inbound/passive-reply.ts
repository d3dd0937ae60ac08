import { escapeAppText } from '../push/message-bodies'
import type { Clock } from '../util/clock'
import type { DeliveryOverride } from '../turn/fallback'
import { DeliveryError } from '../api/delivery-error'
import type { MessagePart } from '../push/parts'
import { toPlainText } from '../render/plain-text'
import type { Push } from '../push/push'
import { cut } from '../render/split'
import type { Notices } from '../turn/bubble'
import type { Turn } from '../turn/turn'
import type { Said } from '../render/said'
import { inWords } from '../render/said'

export interface PassiveReplyOptions {
  /** Most bytes of a reply. */
  limit: number
  /** Milliseconds after which a reply that was not confirmed has not arrived. */
  unclaimed: number
  notices: Pick<Notices, 'cutOff' | 'lost'>
  clock: Clock
  /** The way that is left when the reply is gone; without it the reply is all there is. */
  next?: Push
}

/**
 * The reply to a callback as a way out: it takes one text as long as WeCom waits for it, and every repetition of the
 * callback gets the same. What comes later, or does not fit, takes the next way.
 */
export class PassiveReply implements DeliveryOverride {
  private reply?: string
  private state: 'open' | 'taken' | 'closed' = 'open'
  private confirm?: () => void
  /** What the reply had of the answer when it could wait no longer. */
  private shown = ''

  constructor(readonly options: PassiveReplyOptions) {}

  /** An answer can still become the reply. */
  get isWaiting() {
    return this.state === 'open'
  }

  get isOpen() {
    return this.isWaiting || !!this.options.next
  }

  /** @throws {DeliveryError} */
  async send(turn: Turn, said: Said) {
    // A reply is a text. What else there is takes the next way, or is put in words.
    const { text, images, card } = this.options.next ? separate(said) : { text: inWords(said) }
    if (!this.isWaiting) return this.forward({ text, images, card })
    const [head, rest] = this.fit(text)
    this.state = 'taken'
    this.reply = head
    if (head && await this.confirmed()) return this.forward({ text: rest, images, card })
    // From now on it is on its way somewhere else.
    if (this.options.next) this.reply = undefined
    return this.forward({ text, images, card })
  }

  /** The reply as it is to be now. Where nothing has come, nothing will. */
  take(turn: Turn): string | undefined {
    if (this.isWaiting) this.close(turn)
    return this.reply
  }

  /** Says something at once, in the reply. */
  say(text: string) {
    this.state = 'closed'
    this.reply = toText(text)
  }

  /** The reply has reached WeCom. */
  arrived() {
    this.confirm?.()
  }

  private close({ text, ended }: Turn) {
    this.state = 'closed'
    if (this.options.next || ended) return
    const { notices, limit } = this.options
    const [head] = cutText(text, limit - Buffer.byteLength(notices.cutOff) - 2)
    this.shown = text
    this.reply = [head, notices.cutOff].filter(Boolean).join('\n\n')
  }

  /** What of a text goes into the reply, and what is left. */
  private fit(text: string): [head: string, rest: string] {
    const { notices, limit, next } = this.options
    const [head, rest] = cutText(text, limit)
    if (!rest || next) return [head, rest]
    const [shorter, more] = cutText(text, limit - Buffer.byteLength(notices.lost(text.length)) - 2)
    return [`${shorter}\n\n${notices.lost(more.length)}`, '']
  }

  private confirmed(): Promise<boolean> {
    const { clock, unclaimed } = this.options
    return new Promise((resolve) => {
      const timer = clock.setTimeout(() => resolve(false), unclaimed)
      this.confirm = () => {
        clock.clearTimeout(timer)
        resolve(true)
      }
    })
  }

  private async forward({ text, images = [], card }: Said) {
    const parts: MessagePart[] = text ? [{ type: 'markdown', content: text }] : []
    for (const { base64 } of images) parts.push({ type: 'image', data: Buffer.from(base64, 'base64') })
    if (card) parts.push({ type: 'card', card })
    if (!parts.length) return
    const { next } = this.options
    if (next) return next.send(parts)
    const lost = text.length - (text.startsWith(this.shown) ? this.shown.length : 0)
    throw new DeliveryError('no-way', lost, `${lost} characters are lost: WeCom waits no longer for the `
      + 'reply, and nothing else leads there; for an app, set corpId, agentId and secret')
  }
}

/** Buttons are words on every way, so that they stay where the text is. */
function separate({ text, buttons, images, card }: Said): Said {
  return { text: inWords({ text, buttons }), images, card }
}

/** Replies are plain texts. */
function toText(markdown: string): string {
  return escapeAppText(toPlainText(markdown))
}

/**
 * Cuts Markdown in two so that the head, as a text, has at most `limit` bytes.
 * @returns the head as a text, the rest as Markdown
 */
function cutText(markdown: string, limit: number): [head: string, rest: string] {
  for (let most = limit; ;) {
    const [head, rest] = cut(markdown, most)
    const text = toText(head)
    const excess = Buffer.byteLength(text) - limit
    if (excess <= 0 || most <= 64) return [text, rest]
    most = Math.max(most - excess, 64)
  }
}
