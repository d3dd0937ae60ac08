import { LRUCache } from 'lru-cache'
import type { Clock } from '../time'

/**
 * A bounded map whose entries expire. When it is full, the entry that was used least recently is evicted. It sets no
 * timer: expired entries are invisible at once, and freed at the latest one lifetime later, by the next `set`.
 */
export class ExpiringMap<V extends {}> extends LRUCache<string, V> {
  private purgedAt: number

  /**
   * @param lifeMs how long an entry lives after it was set, in milliseconds; at least 2
   * @param capacity most entries
   */
  constructor(private readonly clock: Pick<Clock, 'monotonic'>, private readonly lifeMs: number, capacity: number) {
    // lru-cache takes an entry for fresh through the last millisecond of its ttl. It caches the time unless the
    // resolution is 0.
    super({ max: capacity, ttl: lifeMs - 1, ttlResolution: 0, perf: { now: () => clock.monotonic() } })
    this.purgedAt = clock.monotonic()
  }

  override set(key: string, value: V | undefined, options?: LRUCache.SetOptions<string, V, unknown>): this {
    const now = this.clock.monotonic()
    if (now - this.purgedAt >= this.lifeMs) {
      this.purgedAt = now
      this.purgeStale()
    }
    return super.set(key, value, options)
  }
}
