import type { Clock } from 'common/time'

/** Starts at most `limit` tasks in any window of `spanMs`, in order. At most `capacity` tasks may wait. */
export class RateLimiter {
  private readonly starts: number[] = []
  private readonly queue: { start(): void, stop(error: Error): void }[] = []
  private timer: unknown
  private disposed = false

  constructor(
    readonly clock: Clock,
    readonly limit: number,
    readonly spanMs: number,
    readonly capacity: number,
  ) {}

  /** Number of tasks that have not started. */
  get waiting() {
    return this.queue.length
  }

  /**
   * @returns a promise that resolves when the task may start, and rejects if the limiter is disposed of first;
   * `undefined` if too many tasks are waiting
   */
  enter(): Promise<void> | undefined {
    if (this.disposed) return Promise.reject(disposed())
    if (this.queue.length >= this.capacity) return
    return new Promise((start, stop) => {
      this.queue.push({ start, stop })
      this.drain()
    })
  }

  dispose() {
    this.disposed = true
    this.clock.clearTimeout(this.timer)
    this.timer = undefined
    for (const { stop } of this.queue.splice(0)) stop(disposed())
  }

  private drain() {
    const now = this.clock.monotonic()
    while (this.starts.length && this.starts[0] <= now - this.spanMs) this.starts.shift()
    while (this.queue.length && this.starts.length < this.limit) {
      this.starts.push(now)
      this.queue.shift()!.start()
    }
    if (!this.queue.length || this.timer !== undefined) return
    this.timer = this.clock.setTimeout(() => {
      this.timer = undefined
      this.drain()
    }, this.starts[0] + this.spanMs - now)
  }
}

function disposed() {
  return new Error('the limiter has been disposed of')
}
