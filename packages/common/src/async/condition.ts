import type { Clock } from '../time'

interface Waiter {
  isMet(): boolean
  resolve(): void
}

/** Lets code wait for a state instead of polling it: those that change the state call `notify`. */
export class Condition {
  private readonly waiters = new Set<Waiter>()

  constructor(private readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>) {}

  /** The state has changed. */
  notify() {
    for (const waiter of [...this.waiters]) {
      if (waiter.isMet()) waiter.resolve()
    }
  }

  /**
   * Waits until the state is as wanted.
   * @param isMet is evaluated at once and after each `notify`
   * @param limitMs how long to wait, in milliseconds
   * @returns whether the state came in time
   */
  until(isMet: () => boolean, limitMs: number): Promise<boolean> {
    if (isMet()) return Promise.resolve(true)
    if (limitMs <= 0) return Promise.resolve(false)
    return new Promise((resolve) => {
      const settle = (isInTime: boolean) => {
        this.clock.clearTimeout(timer)
        this.waiters.delete(waiter)
        resolve(isInTime)
      }
      const waiter: Waiter = { isMet, resolve: () => settle(true) }
      const timer = this.clock.setTimeout(() => settle(isMet()), limitMs)
      this.waiters.add(waiter)
    })
  }
}
