import { DeliveryError } from '../api/delivery-error'
import { escapeAppText } from '../push/message-bodies'
import type { MessagePart } from '../push/parts'
import type { Push } from '../push/push'
import { toPlainText } from 'common/markdown'
import type { Said } from '../render/said'
import { inWords } from '../render/said'
import { cut } from '../render/split'
import type { Notices } from '../turn/notices'
import type { DeliveryOverride, Turn } from '../turn/turn'
import type { Clock } from 'common/time'

/** Least bytes of Markdown that a reply is cut to, however much the text grows when it is rendered. */
const MIN_CUT_BYTES = 64

export interface PassiveReplyOptions {
  /** Most bytes of a reply. */
  limit: number
  /** Milliseconds after which a reply without confirmation counts as not delivered. */
  unclaimed: number
  notices: Pick<Notices, 'cutOff' | 'lost'>
  clock: Clock
  /** Takes what the reply cannot; without it the rest is lost. */
  next?: Push
}

/**
 * The reply to a callback (被动回复) as a way of delivery. It takes one plain text while WeCom waits for it; every
 * repetition of the callback gets the same. Later messages, and what does not fit, go to `next`.
 * @see https://developer.work.weixin.qq.com/document/path/90241
 */
export class PassiveReply implements DeliveryOverride {
  private content?: string
  private state: 'open' | 'taken' | 'closed' = 'open'
  private onConfirm?: () => void
  /** Text of the turn when the reply had to be sent. */
  private shownText = ''

  constructor(readonly options: PassiveReplyOptions) {}

  /** The reply can still take an answer. */
  get isWaiting() {
    return this.state === 'open'
  }

  get isOpen() {
    return this.isWaiting || !!this.options.next
  }

  /** @throws {DeliveryError} */
  async send(turn: Turn, said: Said) {
    // A reply is text only: images and cards go to `next`, or are replaced by text.
    const { text, images, card } = this.options.next ? buttonsAsText(said) : { text: inWords(said) }
    if (!this.isWaiting) return this.forward({ text, images, card })
    const [head, rest] = this.fit(text)
    this.state = 'taken'
    this.content = head
    if (head && await this.isConfirmed()) return this.forward({ text: rest, images, card })
    // Repetitions of the callback must not show a second time what `next` is about to deliver.
    if (this.options.next) this.content = undefined
    return this.forward({ text, images, card })
  }

  /** The content of the reply, which must be sent now; `undefined`: an empty reply. */
  take(turn: Turn): string | undefined {
    if (this.isWaiting) this.close(turn)
    return this.content
  }

  /** Replies without waiting for an answer. */
  replyWith(markdown: string) {
    this.state = 'closed'
    this.content = toText(markdown)
  }

  /** The reply has reached WeCom. */
  confirm() {
    this.onConfirm?.()
  }

  private close({ text, isEnded }: Turn) {
    this.state = 'closed'
    if (this.options.next || isEnded) return
    const { notices, limit } = this.options
    const [head] = cutText(text, limit - Buffer.byteLength(notices.cutOff) - 2)
    this.shownText = text
    this.content = [head, notices.cutOff].filter(Boolean).join('\n\n')
  }

  /** Splits a text into the reply, as plain text, and the rest. */
  private fit(text: string): [head: string, rest: string] {
    const { notices, limit, next } = this.options
    const [head, rest] = cutText(text, limit)
    if (!rest || next) return [head, rest]
    const [shorter, more] = cutText(text, limit - Buffer.byteLength(notices.lost(text.length)) - 2)
    return [`${shorter}\n\n${notices.lost(more.length)}`, '']
  }

  private isConfirmed(): Promise<boolean> {
    const { clock, unclaimed } = this.options
    return new Promise((resolve) => {
      const timer = clock.setTimeout(() => resolve(false), unclaimed)
      this.onConfirm = () => {
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
    const lost = text.length - (text.startsWith(this.shownText) ? this.shownText.length : 0)
    throw new DeliveryError('wecom-bot/no-route', lost, `${lost} characters not delivered: the passive reply timed out and no app `
      + 'is configured; set corpId, agentId and secret')
  }
}

/** Buttons are rendered as text everywhere, so that they stay below the text they belong to. */
function buttonsAsText({ text, buttons, images, card }: Said): Said {
  return { text: inWords({ text, buttons }), images, card }
}

/** Replies are plain text. */
function toText(markdown: string): string {
  return escapeAppText(toPlainText(markdown))
}

/**
 * Cuts Markdown in two so that the head, as plain text, has at most `limit` bytes.
 * @returns the head as plain text, the rest as Markdown
 */
function cutText(markdown: string, limit: number): [head: string, rest: string] {
  for (let most = limit; ;) {
    const [head, rest] = cut(markdown, most)
    const text = toText(head)
    const excess = Buffer.byteLength(text) - limit
    if (excess <= 0 || most <= MIN_CUT_BYTES) return [text, rest]
    most = Math.max(most - excess, MIN_CUT_BYTES)
  }
}
