/** Time as the plugin sees it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Resolves after so many milliseconds, or at once when the signal aborts. It never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The real time, for as long as the plugin lives: once disposed, nobody sleeps on and no timer is left. */
export class SystemClock implements Clock {
  private readonly sleepers = new Set<() => void>()
  private disposed = false

  now() {
    return Date.now()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (this.disposed || signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', wake)
        this.sleepers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      signal?.addEventListener('abort', wake)
      this.sleepers.add(wake)
    })
  }

  dispose() {
    this.disposed = true
    for (const wake of this.sleepers) wake()
  }
}
