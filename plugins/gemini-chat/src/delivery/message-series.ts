import type { h } from 'koishi'
import type { DeliveryOptions, EditableTarget } from './target'
import { draft } from './partial-markdown'
import { persist } from '../util/retry'
import { cut, pageText } from './split'

/**
 * The messages of an answer, the newest of which can still be changed. What the reader can see of them is remembered,
 * so an answer whose message cannot be edited any more is continued, not repeated.
 */
export class Trail {
  /** How much of the answer the reader sees. */
  shown = ''
  /** What was sent last for the newest message. */
  frame = ''
  /** The newest message cannot be edited; the rest waits for the end. */
  frozen = false
  /** How often in a row the platform has refused. */
  failures = 0
  /** Where in the text the newest message begins, and what it is called. */
  private start = 0
  private id?: string
  /** What closed the emphasis that the frame stops in, and what opens it again in a message that goes on there. */
  private closed = ''
  private carry = ''

  constructor(private readonly target: EditableTarget, private readonly options: Omit<DeliveryOptions, 'streaming'>) {}

  /** Shows a line while there is no answer. @returns whether it is seen, and can be taken away again */
  async hold(line: string): Promise<boolean> {
    const isSeen = await this.send(line, false) && !this.frozen
    // The answer gets a message of its own.
    if (this.frozen) this.id = undefined
    this.frozen = false
    return isSeen
  }

  /**
   * Shows as much of an unfinished answer as can be shown. That it fails does no harm: another state follows.
   * @returns whether there was anything to show
   */
  async grow(text: string): Promise<boolean> {
    const page = cut(text, this.start, this.target.limit ?? 0)
    if (page.end < text.length) {
      if (await this.send(pageText(text, page)) && !this.frozen) this.turn(text, page.end)
      return true
    }
    const { length, suffix } = draft(text)
    const frame = pageText(text, { ...page, end: Math.max(length, page.start), suffix: length > page.start ? suffix : '' })
    if (length <= Math.max(this.shown.length, page.start) || frame === this.frame) return false
    if (!await this.send(frame, false)) return true
    this.shown = text.slice(0, length)
    this.closed = /`{3}|~{3}/.test(suffix) ? '' : suffix
    return true
  }

  /**
   * Brings the whole answer.
   * @throws the platform's error, when part of it could not be sent
   */
  async complete(text: string) {
    if (this.frozen) this.leave(text)
    while (this.start < text.length) {
      const page = cut(text, this.start, this.target.limit ?? 0)
      const frame = this.carry + pageText(text, page)
      const done = page.end === text.length || undefined
      if (this.id !== undefined && !await this.finish(this.id, frame, done)) {
        this.leave(text)
        continue
      }
      if (this.id === undefined && frame.trim()) {
        await persist(() => this.target.create(this.elements(frame, done)), this.options)
      }
      this.turn(text, page.end)
    }
  }

  /** Goes on to the next message. */
  private turn(text: string, end: number) {
    this.shown = text.slice(0, end)
    this.start = end
    this.id = undefined
    this.frame = this.closed = this.carry = ''
  }

  private async send(frame: string, done?: boolean): Promise<boolean> {
    try {
      const elements = this.elements(frame, done)
      if (this.id === undefined) await this.open(elements)
      else await this.target.edit(this.id, elements)
    } catch {
      this.failures++
      return false
    }
    this.failures = 0
    this.frame = frame
    return true
  }

  /** Sends the first state. If that fails nobody knows what became of it: there is one more try, at the end. */
  private async open(elements: h[]) {
    this.frozen = true
    const ids = await this.target.create(elements)
    if (ids.length !== 1) return
    this.id = ids[0]
    this.frozen = false
  }

  private async finish(id: string, frame: string, done?: boolean): Promise<boolean> {
    if (frame === this.frame && !this.target.controls) return true
    try {
      await persist(() => this.target.edit(id, this.elements(frame, done)), this.options)
      return true
    } catch {
      return false
    }
  }

  /** Gives up the message. Another one continues where the reader stopped. */
  private leave(text: string) {
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

  /** @param done whether the answer is; not given for a message that the answer goes on after */
  private elements(markdown: string, done?: boolean): h[] {
    const controls = done === undefined ? [] : this.target.controls?.(done) ?? []
    return [...this.target.render(markdown), ...controls]
  }
}

function commonPrefix(left: string, right: string): number {
  let length = 0
  while (length < left.length && left[length] === right[length]) length++
  return length
}
