/** Time, passed to everything that waits so that specs can control it. All values are milliseconds. */
export interface Clock {
  /**
   * Milliseconds since 1970: for a moment that is stored, shown or compared with another machine's. It may be stepped
   * at any time, in both directions.
   */
  now(): number
  /** Milliseconds since an arbitrary moment, never stepped: for durations and deadlines within the process. */
  monotonic(): number
  setTimeout(callback: () => void, delayMs: number): unknown
  /** Does nothing for `undefined` and for a timer that has fired. */
  clearTimeout(timer: unknown): void
  /** Resolves after the delay, or at once when the signal aborts. Never rejects. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}

/**
 * Real time for the lifetime of one plugin. Timers do not keep the process alive, sleeps do. The globals are looked up
 * at each call, so that fake ones apply.
 */
export class SystemClock implements Clock {
  private readonly sleepers = new Set<() => void>()
  private disposed = false

  now() {
    return Date.now()
  }

  monotonic() {
    return performance.now()
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    return setTimeout(callback, delayMs).unref()
  }

  clearTimeout(timer: unknown) {
    clearTimeout(timer as NodeJS.Timeout | undefined)
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (this.disposed || signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        this.clearTimeout(timer)
        signal?.removeEventListener('abort', wake)
        this.sleepers.delete(wake)
        resolve()
      }
      const timer = this.setTimeout(wake, delayMs) as NodeJS.Timeout
      timer.ref()
      signal?.addEventListener('abort', wake)
      this.sleepers.add(wake)
    })
  }

  /** Ends all sleeps, and makes later ones return at once. Timers are left to those that set them. */
  dispose() {
    this.disposed = true
    for (const wake of [...this.sleepers]) wake()
  }
}

/** Real time for code that is not bound to the lifetime of a plugin. */
export const systemClock: Clock = new SystemClock()
