import type { Clock } from 'common/time'

/** Expired values are removed when this many more have been set than were there after the last removal. */
const SWEEP_AFTER = 1000

/** Values that each live for a time of their own. Without timers. */
export class ExpiringValues<T> {
  private readonly values = new Map<string, { value: T, until: number }>()
  private sweepAt = SWEEP_AFTER

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {}

  get(key: string): T | undefined {
    const entry = this.values.get(key)
    if (!entry) return
    if (entry.until > this.clock.monotonic()) return entry.value
    this.values.delete(key)
  }

  set(key: string, value: T, ttlMs: number) {
    this.values.set(key, { value, until: this.clock.monotonic() + ttlMs })
    if (this.values.size < this.sweepAt) return
    this.keys()
    this.sweepAt = this.values.size + SWEEP_AFTER
  }

  delete(key: string) {
    this.values.delete(key)
  }

  /** The keys that have not expired. Removes the others. */
  keys(): string[] {
    return [...this.values.keys()].filter(key => this.get(key) !== undefined)
  }
}
