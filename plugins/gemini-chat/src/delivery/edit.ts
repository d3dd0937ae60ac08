import type { Delivery, DeliveryOptions, EditableTarget } from './delivery'
import { heal, resume } from './markdown'
import { persist } from './persist'

/** The longest pause between two tries of a platform that refuses edits. */
const LONGEST_PAUSE = 30_000

/**
 * A message that is created with the first visible text and edited as it grows.
 *
 * Only the newest text is ever sent, one edit at a time: a slow platform skips states, it does not queue them. What the
 * reader can see is remembered, so an answer whose message cannot be edited any more is continued, not repeated.
 */
export class EditDelivery implements Delivery {
  private latest = ''
  /** How much of the answer the reader sees. */
  private shown = ''
  /** What was sent for it: with open code closed. */
  private frame = ''
  private id?: string
  /** The message cannot be edited; the rest waits for the end. */
  private frozen = false
  private failures = 0
  private work?: Promise<void>
  private readonly finished = new AbortController()

  constructor(private readonly target: EditableTarget, private readonly options: DeliveryOptions) {}

  update(text: string) {
    this.latest = text
    if (!this.work && this.isDue) this.work = this.run()
  }

  async finish(text: string) {
    this.finished.abort()
    await this.work
    if (this.frame === text) return
    if (this.id !== undefined && await this.complete(this.id, text)) return
    const rest = resume(text, commonPrefix(this.shown, text))
    if (rest) await persist(() => this.target.create(this.target.render(rest)), this.options)
  }

  private get isDue() {
    return !this.finished.signal.aborted && !this.frozen && this.latest !== this.shown
  }

  private async run() {
    while (this.isDue) {
      await this.show(this.latest)
      if (this.pause) await this.options.clock.sleep(this.pause, this.finished.signal)
    }
    this.work = undefined
  }

  private get pause() {
    const { interval } = this.target
    if (!this.failures) return interval
    return Math.min(Math.max(interval, 1000) * 2 ** this.failures, LONGEST_PAUSE)
  }

  /** Shows a state of the text. That it fails does no harm: another one follows. */
  private async show(text: string) {
    const frame = heal(text)
    try {
      if (this.id === undefined) await this.open(frame)
      else await this.target.edit(this.id, this.target.render(frame))
    } catch {
      this.failures++
      return
    }
    this.failures = 0
    this.shown = text
    this.frame = frame
  }

  /** Sends the first state. If that fails nobody knows what became of it: there is one more try, at the end. */
  private async open(frame: string) {
    this.frozen = true
    const ids = await this.target.create(this.target.render(frame))
    if (ids.length !== 1) return
    this.id = ids[0]
    this.frozen = false
  }

  private async complete(id: string, text: string): Promise<boolean> {
    try {
      await persist(() => this.target.edit(id, this.target.render(text)), this.options)
      return true
    } catch {
      return false
    }
  }
}

function commonPrefix(left: string, right: string): number {
  let length = 0
  while (length < left.length && left[length] === right[length]) length++
  return length
}
