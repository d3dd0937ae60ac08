import type { Clock } from '../time'
import { Condition } from './condition'

/** Counts tasks in flight, so that a shutdown can wait until they have ended. */
export class Activity {
  private readonly condition: Condition
  private running = 0

  constructor(clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>) {
    this.condition = new Condition(clock)
  }

  get isIdle() {
    return this.running === 0
  }

  /** Counts a task until it ends. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    this.running++
    try {
      return await task()
    } finally {
      this.running--
      this.condition.notify()
    }
  }

  /**
   * Waits until no task is in flight, at most `limitMs` milliseconds.
   * @returns whether that came about in time
   */
  whenIdle(limitMs: number): Promise<boolean> {
    return this.condition.until(() => this.isIdle, limitMs)
  }
}
