export { ExpiringMap } from './expiring-map'
export { LruMap } from './lru-map'
export type { LruMapOptions } from './lru-map'
export { oldestFirst } from './oldest-first'
