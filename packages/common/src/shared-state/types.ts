/**
 * What several instances of a bot share, so that they act as one. It is provided by koishi-plugin-shared-state as
 * `ctx.sharedState`; without that service a plugin is on its own and keeps its state in memory.
 *
 * Keys are texts of the plugins, and begin with the name of the plugin. No method rejects because the server is not
 * reachable: the instance then acts alone, see `isDegraded`.
 */
export interface SharedState {
  /** Name of this instance, unique among all. */
  readonly instance: string
  /** Other instances can see this state. Otherwise there is no need to use it. */
  readonly isShared: boolean
  /** The server does not answer at present: all methods act as if this were the only instance. */
  readonly isDegraded: boolean
  /**
   * The server does not answer, or has answered again for only a few seconds: holders may not have renewed their leases
   * yet, and one that has expired does not mean that its holder is dead.
   */
  readonly isRecovering: boolean
  /**
   * Names of the instances that were seen within the last 15 seconds and are not about to stop. This one is included
   * until its process is told to stop.
   */
  readonly instances: readonly string[]

  /**
   * Claims a key once.
   * @returns the value that holds the claim: `value` if this call was the first
   */
  claim(key: string, value: string, ttlMs: number): Promise<string>

  get(key: string): Promise<string | undefined>
  set(key: string, value: string, ttlMs: number): Promise<void>
  /**
   * Changes a value only if it still is what the caller expects.
   * @param expected `undefined`: there is none
   * @param value `undefined`: removes it
   * @returns whether it was changed
   */
  compareAndSet(key: string, expected: string | undefined, value: string | undefined, ttlMs: number): Promise<boolean>

  /**
   * Acquires a lease unless another instance holds it. It is renewed until it is released or lost; a lease of an
   * instance that died ends after `ttlMs`.
   * @param value written with the lease; without it, the value of the last holder stays
   * @param group in which the lease is found by `expired`
   */
  acquire(key: string, ttlMs: number, value?: string, group?: string): Promise<Lease | undefined>
  /**
   * Keys of leases of a group that were neither renewed in time nor released: their holders have died or hang. Those
   * that expired first come first, at most `MAX_EXPIRED_LEASES`.
   */
  expired(group: string): Promise<string[]>
  /** The value of a lease, whether or not it is held. It is kept for `LEASE_VALUE_TTL_MS` after the last write. */
  inspect(key: string): Promise<LeaseState | undefined>

  /**
   * Joins the end of an ordered queue.
   * @returns `undefined` if `capacity` places are taken
   */
  join(queue: string, options: QueueOptions): Promise<QueuePlace | undefined>

  /**
   * Takes one slot under every limit, or none. A slot is free again after `ttlMs`, or when it is released. Slots that
   * are not released make a rate limit: at most `max` in any period of `ttlMs`.
   * @param holder unique for the slot
   * @returns 0 if the slots are taken, else milliseconds until the next one becomes free
   */
  take(limits: readonly Limit[], holder: string, ttlMs: number): Promise<number>
  release(limits: readonly Pick<Limit, 'key'>[], holder: string): Promise<void>

  /**
   * Adds to counts, all of them at once. A key is kept for `ttlMs` after the last addition; once it has `MAX_COUNTS`
   * fields, new ones are not counted.
   */
  increment(increments: readonly Increment[], ttlMs: number): Promise<void>
  /** The counts of a key, by field. */
  counts(key: string): Promise<ReadonlyMap<string, number>>

  /** Sends a message to all other instances. It is lost for instances that are not connected. */
  publish(topic: string, message: string): void
  /** @returns a function that ends the subscription */
  subscribe(topic: string, listener: (message: string) => void): () => void
}

export interface Lease {
  readonly key: string
  /** Grows each time the lease changes hands. Writes with an older number than the latest are refused. */
  readonly fence: number
  /** Aborts when another instance has taken the lease: what it stood for must not go on. */
  readonly lost: AbortSignal
  /**
   * It was not renewed in time, because this process was stopped or very busy: only the server knows whether it is
   * still held, and `write` asks it.
   */
  readonly isOverdue: boolean
  /** Replaces the value. @returns `false` if the lease is lost: nothing was written */
  write(value: string): Promise<boolean>
  /** The value stays. */
  release(): Promise<void>
  /** It is not renewed any more, and expires as if this process had died. */
  abandon(): void
}

export interface LeaseState {
  value: string
  /** An instance holds the lease, and has renewed it in time. */
  isHeld: boolean
}

export interface QueueOptions {
  /** How long the place of an instance that died blocks those behind it. Milliseconds. */
  ttlMs: number
  /** Most places, the first one included. A finite number. */
  capacity: number
}

/** A place in a queue. The first one in the queue has its turn until it leaves. */
export interface QueuePlace {
  /** Number of places before this one, when it joined. */
  readonly ahead: number
  /** Aborts when the place is lost: this instance was stopped for so long that others went on. */
  readonly lost: AbortSignal
  /** Resolves when all places before this one have left, and at once when the place is lost or the signal aborts. */
  whenFirst(signal?: AbortSignal): Promise<void>
  /** Whether the place is still held. The server is asked only if the place was not renewed in time. */
  confirm(): Promise<boolean>
  leave(): Promise<void>
}

export interface Limit {
  key: string
  /** Most slots that may be taken. */
  max: number
}

/** An addition to a count, which is a field of a key. */
export interface Increment {
  key: string
  field: string
  /** A safe integer. */
  by: number
}

/** How long the value of a lease is kept after the last write. A turn in WeCom can be answered for an hour. */
export const LEASE_VALUE_TTL_MS = 70 * 60_000

/** Most leases that `expired` returns at once. */
export const MAX_EXPIRED_LEASES = 50

/** From this number of fields on, a key of counts gets no new ones. */
export const MAX_COUNTS = 10_000

declare module 'koishi' {
  interface Context {
    sharedState: SharedState
  }
}
