import type { Increment, LeaseState, Limit } from 'common/shared-state'

/**
 * How long the id of an increment is remembered. One whose answer was lost is made again as soon as the server answers,
 * and the server may have made it already.
 */
export const INCREMENT_ID_TTL_MS = 60_000

/** A place in a queue as it is stored. */
export interface Ticket {
  id: string
  /** Order in the queue: microseconds since 1970 at which it joined, made unique within the queue. */
  order: number
}

/** A place that was just taken. */
export interface Joined {
  ticket: Ticket
  /** Number of places before it. */
  ahead: number
}

/** The single steps that shared state is made of. Each is atomic between all instances. May reject. */
export interface Backend {
  claim(key: string, value: string, ttlMs: number): Promise<string>
  get(key: string): Promise<string | undefined>
  set(key: string, value: string, ttlMs: number): Promise<void>
  compareAndSet(key: string, expected: string | undefined, value: string | undefined, ttlMs: number): Promise<boolean>

  /** @returns the fencing number, or 0 if another holder has the lease */
  acquireLease(key: string, holder: string, ttlMs: number, value?: string, group?: string): Promise<number>
  /**
   * Renews a lease, and writes its value if one is given. A lease that has expired but was not taken is held again.
   * @returns `false` if another holder has taken it since
   */
  renewLease(
    key: string, holder: string, fence: number, ttlMs: number, value?: string, group?: string,
  ): Promise<boolean>
  /**
   * Releases a lease, unless another holder has taken it.
   * @param value is written, also if the lease is not known
   */
  releaseLease(key: string, holder: string, fence: number, group?: string, value?: string): Promise<void>
  /** Keys of leases of a group that have expired and were not released, the first to expire first. */
  expiredLeases(group: string): Promise<string[]>
  inspectLease(key: string): Promise<LeaseState | undefined>

  /** @returns `undefined` if the queue is full */
  joinQueue(queue: string, id: string, ttlMs: number, capacity: number): Promise<Joined | undefined>
  /**
   * Renews a place.
   * @param adopt puts the ticket back in its order if it is missing
   * @returns the position from 0; -1 if the ticket is missing
   */
  renewPlace(queue: string, ticket: Ticket, ttlMs: number, adopt: boolean): Promise<number>
  /** @returns how many places are left, as far as is known */
  leaveQueue(queue: string, ticket: Ticket): Promise<number>

  take(limits: readonly Limit[], holder: string, ttlMs: number): Promise<number>
  release(keys: readonly string[], holder: string): Promise<void>

  /** @param id of this call: once more with the same one, within a minute, it adds nothing */
  increment(id: string, increments: readonly Increment[], ttlMs: number): Promise<void>
  counts(key: string): Promise<ReadonlyMap<string, number>>

  /** Notes that an instance is alive. @returns the names of all that are */
  heartbeat(instance: string, ttlMs: number): Promise<string[]>
  /** The names of all instances that are alive. */
  living(): Promise<string[]>
  leave(instance: string): Promise<void>

  publish(topic: string, message: string): Promise<void>
  /** Also called for messages of this instance. */
  subscribe(topic: string, listener: (message: string) => void): () => void
}
