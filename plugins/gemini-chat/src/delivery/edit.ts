import type { h } from 'koishi'
import type { Delivery, DeliveryOptions, EditableTarget } from './delivery'
import { draft } from './draft'
import { persist } from './persist'
import { cut, pageText } from './split'

/** The longest pause between two tries of a platform that refuses edits. */
const LONGEST_PAUSE = 30_000

/**
 * A message that is created with the first visible text and edited as it grows; when it is full, another one.
 *
 * Only the newest text is ever sent, one edit at a time: a slow platform skips states, it does not queue them. What the
 * reader can see is remembered, so an answer whose message cannot be edited any more is continued, not repeated.
 */
export class EditDelivery implements Delivery {
  isOpen = false
  private latest = ''
  private line = ''
  /** How much of the answer the reader sees. */
  private shown = ''
  /** Where in the text the newest message begins, what it is called, and what was sent for it. */
  private start = 0
  private id?: string
  private frame = ''
  /** What closed the emphasis that the frame stops in, and what opens it again in a message that goes on there. */
  private closed = ''
  private carry = ''
  /** The message cannot be edited; the rest waits for the end. */
  private frozen = false
  private mute = false
  private failures = 0
  private work?: Promise<void>
  private readonly finished = new AbortController()

  constructor(private readonly target: EditableTarget, private readonly options: DeliveryOptions) {}

  status(line: string) {
    this.line = line
    this.begin()
  }

  update(text: string) {
    this.latest = text
    this.begin()
  }

  async finish(text: string) {
    this.finished.abort()
    await this.work
    if (this.frozen) this.leave(text)
    while (this.start < text.length) {
      const page = cut(text, this.start, this.target.limit ?? 0)
      const frame = this.carry + pageText(text, page)
      const done = page.end === text.length || undefined
      if (this.id !== undefined && !await this.complete(this.id, frame, done)) {
        this.leave(text)
        continue
      }
      if (this.id === undefined && frame.trim()) {
        await persist(() => this.target.create(this.elements(frame, done)), this.options)
      }
      this.id = undefined
      this.carry = this.closed = ''
      this.start = page.end
      this.shown = text.slice(0, page.end)
    }
  }

  private get isDue() {
    if (this.finished.signal.aborted || this.frozen) return false
    return this.latest ? this.latest !== this.shown : !this.mute && this.line !== this.frame
  }

  private begin() {
    if (!this.work && this.isDue) this.work = this.run()
  }

  private async run() {
    this.isOpen = true
    while (this.isDue) {
      if (!await this.show()) break
      if (this.pause) await this.options.clock.sleep(this.pause, this.finished.signal)
    }
    this.work = undefined
  }

  private get pause() {
    const { interval } = this.target
    if (!this.failures) return interval
    return Math.min(Math.max(interval, 1000) * 2 ** this.failures, LONGEST_PAUSE)
  }

  /**
   * Shows the newest state. That it fails does no harm: another one follows.
   * @returns whether there was anything to show
   */
  private async show(): Promise<boolean> {
    const text = this.latest
    if (!text) {
      const shown = await this.send(this.line, false)
      // Not worth a second try. The answer gets a message of its own.
      if (!shown || this.frozen) this.mute = true
      if (this.frozen) this.id = undefined
      this.frozen = false
      return true
    }
    const page = cut(text, this.start, this.target.limit ?? 0)
    if (page.end < text.length) {
      if (!await this.send(pageText(text, page)) || this.frozen) return true
      this.shown = text.slice(0, page.end)
      this.start = page.end
      this.id = undefined
      this.frame = this.closed = ''
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

  private async complete(id: string, frame: string, done?: boolean): Promise<boolean> {
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
