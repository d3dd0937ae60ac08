import type { Delivery, DeliveryOptions, EditableTarget } from './delivery'
import { Trail } from './trail'

/** The longest pause between two tries of a platform that refuses edits. */
const LONGEST_PAUSE = 30_000

/**
 * A message that is created with the first visible text and edited as it grows; when it is full, another one.
 *
 * Only the newest text is ever sent, one edit at a time: a slow platform skips states, it does not queue them.
 */
export class EditDelivery implements Delivery {
  isOpen = false
  private latest = ''
  private line = ''
  /** A status could not be shown. It is not worth a second try. */
  private mute = false
  private work?: Promise<void>
  private readonly trail: Trail
  private readonly finished = new AbortController()

  constructor(private readonly target: EditableTarget, private readonly options: DeliveryOptions) {
    this.trail = new Trail(target, options)
  }

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
    await this.trail.complete(text)
  }

  private get isDue() {
    const { finished, latest, line, mute, trail } = this
    if (finished.signal.aborted || trail.frozen) return false
    return latest ? latest !== trail.shown : !mute && line !== trail.frame
  }

  private begin() {
    if (!this.work && this.isDue) this.work = this.run()
  }

  private async run() {
    this.isOpen = true
    while (this.isDue) {
      if (this.latest) {
        if (!await this.trail.grow(this.latest)) break
      } else {
        this.mute = !await this.trail.hold(this.line)
      }
      if (this.pause) await this.options.clock.sleep(this.pause, this.finished.signal)
    }
    this.work = undefined
  }

  private get pause() {
    const { target: { interval }, trail: { failures } } = this
    return failures ? Math.min(Math.max(interval, 1000) * 2 ** failures, LONGEST_PAUSE) : interval
  }
}
