import { createClock } from '@sinonjs/fake-timers'
import type { Clock } from '../../src/util/clock'

/** Time that stands still until it is moved on. */
export class FakeClock implements Clock {
  private readonly fake = createClock(Date.UTC(2026, 0, 1))

  now() {
    return this.fake.now
  }

  setTimeout(callback: () => void, delay: number) {
    return this.fake.setTimeout(callback, delay)
  }

  clearTimeout(timer: unknown) {
    this.fake.clearTimeout(timer as number)
  }

  /** Timers that are still to come. */
  get pending() {
    return this.fake.countTimers()
  }

  /** Moves on, and lets promises have their turn in between. */
  async pass(milliseconds: number) {
    await this.fake.tickAsync(milliseconds)
  }

  /** Moves on like a machine that was asleep: no timer fires more than once. */
  async jump(milliseconds: number) {
    this.fake.jump(milliseconds)
    await this.pass(0)
  }
}
