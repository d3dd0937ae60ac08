import type { Clock } from './clock'

/** A bounded map whose entries expire. When it is full, the oldest entry is evicted. */
export class ExpiringMap<T> {
  private readonly entries = new Map<string, { value: T, until: number }>()

  /**
   * @param life milliseconds an entry lives after it was set
   * @param capacity most entries
   */
  constructor(readonly clock: Clock, readonly life: number, readonly capacity: number) {}

  get size() {
    return this.entries.size
  }

  get(key: string): T | undefined {
    const entry = this.entries.get(key)
    return entry && entry.until > this.clock.now() ? entry.value : undefined
  }

  set(key: string, value: T) {
    const now = this.clock.now()
    this.entries.delete(key)
    for (const [old, { until }] of this.entries) {
      if (until > now && this.entries.size < this.capacity) break
      this.entries.delete(old)
    }
    this.entries.set(key, { value, until: now + this.life })
  }

  get values(): T[] {
    return [...this.entries.values()].map(({ value }) => value)
  }

  delete(key: string) {
    this.entries.delete(key)
  }

  clear() {
    this.entries.clear()
  }
}
