import { LRUCache } from 'lru-cache'

export interface LruMapOptions<V> {
  /** Most entries. */
  capacity: number
  /** Most that all entries may weigh together, by `sizeOf`. The newest entry is kept even if it alone weighs more. */
  maxSize?: number
  sizeOf?(value: V): number
}

/**
 * A bounded map. When it is full, the entry that was used least recently is evicted: `get` and `set` use an entry,
 * `peek` and `has` do not.
 */
export class LruMap<K extends {}, V extends {}> extends LRUCache<K, V> {
  constructor({ capacity, maxSize, sizeOf }: LruMapOptions<V>) {
    const limit = maxSize && sizeOf && {
      maxSize,
      // lru-cache takes no entry of size 0, and none that is larger than `maxSize`.
      sizeCalculation: (value: V) => Math.max(1, Math.min(Math.ceil(sizeOf(value)), maxSize)),
    }
    super({ max: capacity, ...limit })
  }
}
