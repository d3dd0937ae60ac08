export { LEASE_VALUE_TTL_MS, MAX_EXPIRED_LEASES } from './types'
export type { Lease, LeaseState, Limit, QueueOptions, QueuePlace, SharedState } from './types'
