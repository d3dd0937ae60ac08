import type { Clock } from 'common/time'
import type { SharedTurns } from '../instances/shared-turns'
import type { Screen } from './screen'
import type { TurnController } from './turn-controller'

/** Other instances reply to polls with what they were shown last. */
const PUBLISH_INTERVAL_MS = 250

/** A bubble whose polls reach any instance: what it shows is shown to all of them. */
export class PublishedScreen implements Screen {
  readonly isPushed = false
  private timer: unknown
  private readonly windowTimer: unknown

  /** @param windowMs after which the bubble must be closed, even if this instance is not polled */
  constructor(
    private readonly turn: TurnController,
    private readonly turns: SharedTurns,
    private readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>,
    windowMs: number,
  ) {
    this.windowTimer = clock.setTimeout(() => this.publish(), windowMs)
  }

  changed() {
    if (this.turn.isClosing) return this.publish()
    this.timer ??= this.clock.setTimeout(() => this.publish(), PUBLISH_INTERVAL_MS)
  }

  isOwn() {
    return this.turns.isOwn(this.turn.id)
  }

  async takeBack() {
    return await this.isOwn() && await this.turns.decideEnd(this.turn.id, 'elsewhere') === 'elsewhere'
  }

  giveBack() {
    this.publish()
    void this.turns.undoEnd(this.turn.id, 'elsewhere')
  }

  delivered() {
    this.publish()
    this.turns.close(this.turn.id)
  }

  dispose() {
    this.clock.clearTimeout(this.timer)
    this.clock.clearTimeout(this.windowTimer)
    this.turns.close(this.turn.id)
  }

  private publish() {
    this.clock.clearTimeout(this.timer)
    this.timer = undefined
    this.turn.publish()
  }
}
