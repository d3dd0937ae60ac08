import { BlockScanner, cut, draft, pageText } from 'common/markdown'
import type { h } from 'koishi'
import { retryDelivery } from './retry-delivery'
import type { DeliveryOptions, EditableTarget, TextState } from './types'

/**
 * The messages of one answer, the newest of which can still be edited. It records what the reader can see, so that an
 * answer whose message can no longer be edited is continued in a new one instead of repeated.
 */
export class MessageSeries {
  /** The part of the answer that the reader can see. */
  shown = ''
  /** What was sent last for the newest message. */
  frame = ''
  /** The line below the text that tells what is being done; not part of the answer. */
  activity = ''
  /** The newest message cannot be edited; the rest waits for the end. */
  frozen = false
  /** Failures of the platform in a row. */
  failures = 0
  /** Where in the text the newest message begins, and its id. */
  private start = 0
  private id?: string
  /** What closed the emphasis that the frame stops in, and what opens it again in a message that continues there. */
  private closed = ''
  private carry = ''
  private readonly pageScanner = new BlockScanner()
  private readonly draftScanner = new BlockScanner()

  constructor(private readonly target: EditableTarget, private readonly options: Omit<DeliveryOptions, 'streaming'>) {}

  /** Shows a line while there is no answer. @returns whether it is visible, and can be replaced */
  async showStatus(line: string): Promise<boolean> {
    const isShown = await this.send(line, 'processing') && !this.frozen
    // The answer gets a message of its own.
    if (this.frozen) this.id = undefined
    this.frozen = false
    return isShown
  }

  /**
   * Shows as much of an unfinished answer as can be shown. A failure does no harm, because another state follows.
   * @param activity a line below the text that tells what is being done
   * @returns whether there was anything to show
   */
  async showText(text: string, activity = ''): Promise<boolean> {
    const page = this.nextPage(text)
    if (page.end < text.length) {
      if (await this.send(pageText(text, page), undefined) && !this.frozen) this.turnPage(text, page.end)
      return true
    }
    const { length, suffix } = draft(text, this.draftScanner)
    const body = pageText(text, { ...page, end: Math.max(length, page.start), suffix: length > page.start ? suffix : '' })
    const frame = [body, activity].filter(Boolean).join('\n\n')
    const isNews = length > Math.max(this.shown.length, page.start) || activity !== this.activity
    if (!isNews || frame === this.frame) return false
    if (!await this.send(frame, 'typing')) return true
    this.activity = activity
    this.shown = text.slice(0, length)
    this.closed = /`{3}|~{3}/.test(suffix) ? '' : suffix
    return true
  }

  /**
   * Shows the whole answer.
   * @param failed whether an error has cut it off
   * @throws the platform's error, when part of it could not be sent
   */
  async complete(text: string, failed = false) {
    if (this.frozen) this.leaveMessage(text)
    while (this.start < text.length) {
      const page = this.nextPage(text)
      const frame = this.carry + pageText(text, page)
      const isLast = page.end === text.length
      const state = isLast && failed ? 'failed' : undefined
      if (this.id !== undefined && !await this.finishMessage(this.id, frame, isLast, state)) {
        this.leaveMessage(text)
        continue
      }
      if (this.id === undefined && frame.trim()) {
        await retryDelivery(() => this.target.create(this.elements(frame, isLast, state)), this.options)
      }
      this.turnPage(text, page.end)
    }
  }

  private nextPage(text: string) {
    return cut(text, this.start, this.target.limit ?? 0, { scanner: this.pageScanner })
  }

  /** Goes on to the next message. */
  private turnPage(text: string, end: number) {
    this.shown = text.slice(0, end)
    this.start = end
    this.id = undefined
    this.frame = this.closed = this.carry = ''
  }

  /** @param state undefined where the message is full, and the answer goes on in the next one */
  private async send(frame: string, state: TextState | undefined): Promise<boolean> {
    try {
      const elements = this.elements(frame, state !== undefined, state)
      if (this.id === undefined) await this.createMessage(elements)
      else await this.target.edit(this.id, elements)
    } catch {
      this.failures++
      return false
    }
    this.failures = 0
    this.frame = frame
    return true
  }

  /** Sends the first state. After a failure it is unknown whether it arrived: there is one more try, at the end. */
  private async createMessage(elements: h[]) {
    this.frozen = true
    const ids = await this.target.create(elements)
    if (ids.length !== 1) return
    this.id = ids[0]
    this.frozen = false
  }

  private async finishMessage(id: string, frame: string, isLast: boolean, state?: TextState): Promise<boolean> {
    if (frame === this.frame && !state && !this.target.controls) return true
    try {
      await retryDelivery(() => this.target.edit(id, this.elements(frame, isLast, state)), this.options)
      return true
    } catch {
      return false
    }
  }

  /** Gives up the newest message. Another one continues where the reader stopped. */
  private leaveMessage(text: string) {
    const { closed, shown } = this
    this.id = undefined
    this.frozen = false
    this.start = commonPrefix(shown, text)
    if (!closed || this.start < shown.length) return
    if (text.startsWith(closed, this.start)) {
      this.start += closed.length
    } else {
      this.carry = [...closed].reverse().join('')
      while (text[this.start] === ' ') this.start++
    }
  }

  /** Buttons belong to the last message only. */
  private elements(markdown: string, isLast: boolean, state?: TextState): h[] {
    const isDone = state !== 'processing' && state !== 'typing'
    const controls = isLast ? this.target.controls?.(isDone) ?? [] : []
    return [...this.target.render(markdown, state), ...controls]
  }
}

function commonPrefix(left: string, right: string): number {
  let length = 0
  while (length < left.length && left[length] === right[length]) length++
  return length
}
