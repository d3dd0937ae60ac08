import type { Clock } from 'common/time'

/** Recognizes keys that occur a second time within a time span. Memory is bounded. */
export class RecentlySeen {
  private current = new Set<string>()
  private previous = new Set<string>()
  /** Start of the current generation. */
  private startedAt: number

  /**
   * @param spanMs how long a key is remembered at least
   * @param capacity most keys of one span; with more, the oldest are forgotten early
   */
  constructor(readonly clock: Clock, public spanMs: number, readonly capacity = 100_000) {
    this.startedAt = clock.monotonic()
  }

  get size() {
    return this.current.size + this.previous.size
  }

  /** Remembers a key. @returns whether it was known */
  seen(key: string): boolean {
    this.startGeneration()
    const known = this.current.has(key) || this.previous.has(key)
    this.current.add(key)
    return known
  }

  forget(key: string) {
    this.current.delete(key)
    this.previous.delete(key)
  }

  /** Keys expire by generation, which needs neither timers nor a sweep. */
  private startGeneration() {
    const now = this.clock.monotonic()
    if (now - this.startedAt < this.spanMs && this.current.size < this.capacity) return
    this.previous = now - this.startedAt < 2 * this.spanMs ? this.current : new Set()
    this.current = new Set()
    this.startedAt = now
  }
}
