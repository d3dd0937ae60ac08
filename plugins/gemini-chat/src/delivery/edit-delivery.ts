import type { Delivery, DeliveryOptions, EditableTarget } from './target'
import { Growth } from './latest-state'
import { Trail } from './message-series'

/** The longest pause between two tries of a platform that refuses edits. */
const LONGEST_PAUSE = 30_000

/** A message that is created with the first visible text and edited as it grows; when it is full, another one. */
export class EditDelivery extends Growth implements Delivery {
  isOpen = false
  /** A status could not be shown. It is not worth a second try. */
  private mute = false
  private readonly trail: Trail

  constructor(private readonly target: EditableTarget, private readonly options: DeliveryOptions) {
    super()
    this.trail = new Trail(target, options)
  }

  async finish(text: string) {
    await this.halt()
    await this.trail.complete(text)
  }

  protected get isDue() {
    const { finished, latest, line, mute, trail } = this
    if (finished.signal.aborted || trail.frozen) return false
    return latest ? latest !== trail.shown : !mute && line !== trail.frame
  }

  protected async step() {
    this.isOpen = true
    if (!this.latest) this.mute = !await this.trail.hold(this.line)
    else if (!await this.trail.grow(this.latest)) return false
    if (this.pause) await this.options.clock.sleep(this.pause, this.finished.signal)
    return true
  }

  private get pause() {
    const { target: { interval }, trail: { failures } } = this
    return failures ? Math.min(Math.max(interval, 1000) * 2 ** failures, LONGEST_PAUSE) : interval
  }
}
