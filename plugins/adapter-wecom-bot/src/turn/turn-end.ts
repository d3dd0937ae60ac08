import type { Clock } from 'common/time'
import type { Turn } from './turn'

/** Koishi never emits `middleware` if storing the user fails: end the chain this long after the middleware returned. */
const CHAIN_END_TIMEOUT_MS = 5000

/** Waits for the end of a turn. */
export class TurnEnd {
  private waiting?: (() => void)[]
  private timeout: unknown

  constructor(readonly turn: Turn, readonly clock: Clock) {}

  /** Resolves when the turn has ended, or after `delay` milliseconds. */
  wait(delay: number): Promise<void> {
    if (this.turn.isEnded) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.clock.setTimeout(resolve, delay)
      this.waiting ??= []
      this.waiting.push(() => {
        this.clock.clearTimeout(timer)
        resolve()
      })
    })
  }

  /** The last middleware has returned; Koishi may still be sending its result. */
  middlewareReturned() {
    if (this.turn.isEnded) return
    this.timeout ??= this.clock.setTimeout(() => this.turn.endChain(), CHAIN_END_TIMEOUT_MS)
  }

  /** Releases everything that waits. */
  reached() {
    this.dispose()
    const { waiting = [] } = this
    this.waiting = undefined
    for (const callback of waiting) callback()
  }

  dispose() {
    this.clock.clearTimeout(this.timeout)
  }
}
