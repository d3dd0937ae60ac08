export { LEASE_VALUE_TTL_MS } from './types'
export type { Lease, LeaseState, Limit, QueueOptions, QueuePlace, SharedState } from './types'
