export { LEASE_VALUE_TTL_MS, MAX_COUNTS, MAX_EXPIRED_LEASES } from './types'
export type { Increment, Lease, LeaseState, Limit, QueueOptions, QueuePlace, SharedState } from './types'
