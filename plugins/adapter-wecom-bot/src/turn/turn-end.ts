import type { Clock } from '../util/clock'
import type { Turn } from './turn'

/** Koishi ends a chain with an event that never comes where storing the user fails: wait so long, then do without. */
const GRACE = 5000

/** The end of a turn while it has not come: who waits for it, and how long we wait ourselves. */
export class TurnEnd {
  private waiting: (() => void)[] = []
  private grace: unknown

  constructor(readonly turn: Turn, readonly clock: Clock) {}

  /** Resolves when the turn has ended, or `delay` milliseconds have gone by. */
  settled(delay: number): Promise<void> {
    if (this.turn.ended) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.clock.setTimeout(resolve, delay)
      this.waiting.push(() => {
        this.clock.clearTimeout(timer)
        resolve()
      })
    })
  }

  /** The last middleware has returned; what it returned may still have to be sent. */
  returned() {
    if (!this.turn.ended) this.grace ??= this.clock.setTimeout(() => this.turn.chainEnded(), GRACE)
  }

  /** It has come. */
  come() {
    this.stop()
    for (const callback of this.waiting.splice(0)) callback()
  }

  stop() {
    this.clock.clearTimeout(this.grace)
  }
}
