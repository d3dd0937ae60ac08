import { Clock } from './clock'

/**
 * Lets at most `limit` tasks start in any window of `span` milliseconds, in the order they came.
 * Nothing is lost; beyond `capacity` waiting tasks a new one is refused at once.
 */
export class Limiter {
  readonly #starts: number[] = []
  readonly #queue: (() => void)[] = []
  #timer: unknown

  constructor(
    readonly clock: Clock,
    readonly limit: number,
    readonly span: number,
    readonly capacity: number,
  ) {}

  /** Tasks that have not started yet. */
  get waiting() {
    return this.#queue.length
  }

  /** @returns a promise that resolves when the task may start, or `undefined` where too many wait already */
  enter(): Promise<void> | undefined {
    if (this.#queue.length >= this.capacity) return
    return new Promise((resolve) => {
      this.#queue.push(resolve)
      this.#drain()
    })
  }

  dispose() {
    this.clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #drain() {
    const now = this.clock.now()
    while (this.#starts.length && this.#starts[0] <= now - this.span) this.#starts.shift()
    while (this.#queue.length && this.#starts.length < this.limit) {
      this.#starts.push(now)
      this.#queue.shift()!()
    }
    if (!this.#queue.length || this.#timer !== undefined) return
    this.#timer = this.clock.setTimeout(() => {
      this.#timer = undefined
      this.#drain()
    }, this.#starts[0] + this.span - now)
  }
}
