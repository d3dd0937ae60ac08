import { LatestState } from 'common/streaming'
import { MessageSeries } from './message-series'
import type { Delivery, DeliveryOptions, EditableTarget } from './types'

/** Longest pause between two edits where the platform refuses them. */
const MAX_EDIT_PAUSE_MS = 30_000

const MIN_EDIT_PAUSE_MS = 1000

/** Creates a message with the first text and edits it as the text grows; when it is full, another one. */
export class EditDelivery extends LatestState implements Delivery {
  isOpen = false
  /** The newest status could not be shown. It is not tried again. */
  private hasFailedStatus = false
  private newestActivity = ''
  private readonly series: MessageSeries

  constructor(private readonly target: EditableTarget, private readonly options: DeliveryOptions) {
    super()
    this.series = new MessageSeries(target, options)
  }

  activity(line: string) {
    this.newestActivity = line
    if (this.newestText) this.begin()
    else this.status(line)
  }

  async finish(text: string, failed = false) {
    await this.halt()
    await this.series.complete(text, failed)
  }

  protected get isDue() {
    const { finished, hasFailedStatus, newestActivity, newestStatus, newestText, series } = this
    if (finished.signal.aborted || series.frozen) return false
    if (newestText) return newestText !== series.shown || newestActivity !== series.activity
    return !hasFailedStatus && newestStatus !== series.frame
  }

  protected async step() {
    this.isOpen = true
    if (!this.newestText) this.hasFailedStatus = !await this.series.showStatus(this.newestStatus)
    else if (!await this.series.showText(this.newestText, this.newestActivity)) return false
    if (this.pause) await this.options.clock.sleep(this.pause, this.finished.signal)
    return true
  }

  /** Milliseconds; doubles while the platform refuses edits. */
  private get pause() {
    const { target: { interval }, series: { failures } } = this
    return failures ? Math.min(Math.max(interval, MIN_EDIT_PAUSE_MS) * 2 ** failures, MAX_EDIT_PAUSE_MS) : interval
  }
}
