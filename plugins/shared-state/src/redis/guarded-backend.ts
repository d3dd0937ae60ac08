import type { Increment, Limit } from 'common/shared-state'
import type { Backend, Ticket } from '../backend/types'
import type { Circuit } from './circuit'

/** Redis, and the memory of this process while it does not answer. Never rejects. */
export class GuardedBackend implements Backend {
  constructor(
    private readonly redis: Backend,
    private readonly memory: Backend,
    private readonly circuit: Circuit,
  ) {}

  claim(key: string, value: string, ttlMs: number) {
    return this.run(backend => backend.claim(key, value, ttlMs))
  }

  get(key: string) {
    return this.run(backend => backend.get(key))
  }

  set(key: string, value: string, ttlMs: number) {
    return this.run(backend => backend.set(key, value, ttlMs))
  }

  compareAndSet(key: string, expected: string | undefined, value: string | undefined, ttlMs: number) {
    return this.run(backend => backend.compareAndSet(key, expected, value, ttlMs))
  }

  acquireLease(key: string, holder: string, ttlMs: number, value?: string, group?: string) {
    return this.run(backend => backend.acquireLease(key, holder, ttlMs, value, group))
  }

  renewLease(key: string, holder: string, fence: number, ttlMs: number, value?: string, group?: string) {
    return this.run(backend => backend.renewLease(key, holder, fence, ttlMs, value, group))
  }

  releaseLease(key: string, holder: string, fence: number, group?: string, value?: string) {
    return this.run(backend => backend.releaseLease(key, holder, fence, group, value))
  }

  /** Without Redis there is no other instance whose leases could be taken over. */
  expiredLeases(group: string) {
    return this.circuit.run(() => this.redis.expiredLeases(group), async () => [])
  }

  inspectLease(key: string) {
    return this.run(backend => backend.inspectLease(key))
  }

  joinQueue(queue: string, id: string, ttlMs: number, capacity: number) {
    return this.run(backend => backend.joinQueue(queue, id, ttlMs, capacity))
  }

  renewPlace(queue: string, ticket: Ticket, ttlMs: number, adopt: boolean) {
    return this.circuit.run(
      () => this.redis.renewPlace(queue, ticket, ttlMs, adopt),
      // Redis may have lost its queues, and this process has never had those of Redis.
      () => this.memory.renewPlace(queue, ticket, ttlMs, true),
    )
  }

  async leaveQueue(queue: string, ticket: Ticket) {
    // It may have been adopted by this process since. The server is asked at once: it gets its commands in order.
    const [, left] = await Promise.all([
      this.memory.leaveQueue(queue, ticket),
      this.run(backend => backend.leaveQueue(queue, ticket)),
    ])
    return left
  }

  take(limits: readonly Limit[], holder: string, ttlMs: number) {
    return this.run(backend => backend.take(limits, holder, ttlMs))
  }

  async release(keys: readonly string[], holder: string) {
    await Promise.all([
      this.memory.release(keys, holder),
      this.run(backend => backend.release(keys, holder)),
    ])
  }

  increment(id: string, increments: readonly Increment[], ttlMs: number) {
    return this.run(backend => backend.increment(id, increments, ttlMs))
  }

  counts(key: string) {
    return this.run(backend => backend.counts(key))
  }

  heartbeat(instance: string, ttlMs: number) {
    return this.circuit.run(() => this.redis.heartbeat(instance, ttlMs), async () => [instance])
  }

  living() {
    return this.circuit.run(() => this.redis.living(), async () => [])
  }

  leave(instance: string) {
    return this.run(backend => backend.leave(instance))
  }

  /** Without Redis only this instance is reached. */
  publish(topic: string, message: string) {
    return this.run(backend => backend.publish(topic, message))
  }

  subscribe(topic: string, listener: (message: string) => void) {
    const ends = [this.redis.subscribe(topic, listener), this.memory.subscribe(topic, listener)]
    return () => ends.forEach(end => end())
  }

  private run<T>(task: (backend: Backend) => Promise<T>): Promise<T> {
    return this.circuit.run(() => task(this.redis), () => task(this.memory))
  }
}
