import type { LRUCache } from 'lru-cache'

/** The entries of a map, from the one that was used least recently to the one that was used last. */
export function oldestFirst<K extends {}, V extends {}>(map: LRUCache<K, V>): [K, V][] {
  // lru-cache types its values as possibly undefined for fetches in flight, which our maps have not.
  return [...map.rentries()] as [K, V][]
}
