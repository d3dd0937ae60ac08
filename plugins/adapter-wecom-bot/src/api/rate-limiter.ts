import type { Clock } from '../util/clock'

/**
 * Lets at most `limit` tasks start in any window of `span` milliseconds, in the order they came.
 * Nothing is lost; beyond `capacity` waiting tasks a new one is refused at once.
 */
export class RateLimiter {
  private readonly starts: number[] = []
  private readonly queue: { start(): void, stop(error: Error): void }[] = []
  private timer: unknown
  private disposed = false

  constructor(
    readonly clock: Clock,
    readonly limit: number,
    readonly span: number,
    readonly capacity: number,
  ) {}

  /** Tasks that have not started yet. */
  get waiting() {
    return this.queue.length
  }

  /**
   * @returns a promise that resolves when the task may start and rejects where the limiter is disposed of before that;
   * `undefined` where too many wait already
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
    const now = this.clock.now()
    while (this.starts.length && this.starts[0] <= now - this.span) this.starts.shift()
    while (this.queue.length && this.starts.length < this.limit) {
      this.starts.push(now)
      this.queue.shift()!.start()
    }
    if (!this.queue.length || this.timer !== undefined) return
    this.timer = this.clock.setTimeout(() => {
      this.timer = undefined
      this.drain()
    }, this.starts[0] + this.span - now)
  }
}

function disposed() {
  return new Error('the limiter has been disposed of')
}
