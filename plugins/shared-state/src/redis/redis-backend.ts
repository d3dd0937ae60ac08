import { LEASE_VALUE_TTL_MS, MAX_COUNTS, MAX_EXPIRED_LEASES } from 'common/shared-state'
import type { Increment, LeaseState, Limit } from 'common/shared-state'
import type { Backend, Ticket } from '../backend/types'
import { INCREMENT_ID_TTL_MS } from '../backend/types'
import type { Commands, RedisConnection } from './connection'

const PROBE_TTL_MS = 1000

/** Order of a new ticket, and number of those before it. */
type Rank = [order: string, ahead: number]

/** Redis 7 or Valkey, one server. Rejects when it does not answer. */
export class RedisBackend implements Backend {
  private readonly commands: Commands

  /** @param prefix of all keys and channels */
  constructor(private readonly connection: RedisConnection, private readonly prefix: string) {
    this.commands = connection.commands
  }

  /** Rejects while the server takes no changes: a replica answers, but refuses them, as does a server that is full. */
  async probe() {
    await this.commands.set(this.key('probe'), '', 'PX', PROBE_TTL_MS)
  }

  async claim(key: string, value: string, ttlMs: number) {
    // The value that was there; since Redis 7 in one command.
    return await this.commands.set(this.key('value', key), value, 'PX', ttlMs, 'NX', 'GET') ?? value
  }

  async get(key: string) {
    return await this.commands.get(this.key('value', key)) ?? undefined
  }

  async set(key: string, value: string, ttlMs: number) {
    await this.commands.set(this.key('value', key), value, 'PX', ttlMs)
  }

  async compareAndSet(key: string, expected: string | undefined, value: string | undefined, ttlMs: number) {
    const name = this.key('value', key)
    const args = [...optional(expected), flag(value === undefined), value ?? '', ttlMs]
    return await this.commands.sharedCompareAndSet(name, ...args) === 1
  }

  async acquireLease(key: string, holder: string, ttlMs: number, value?: string, group?: string) {
    const args = [key, holder, ttlMs, LEASE_VALUE_TTL_MS, ...optional(value)]
    return await this.commands.sharedAcquireLease(...this.lease(key, group), ...args) as number
  }

  async renewLease(key: string, holder: string, fence: number, ttlMs: number, value?: string, group?: string) {
    const args = [key, holder, fence, ttlMs, LEASE_VALUE_TTL_MS, ...optional(value)]
    return await this.commands.sharedRenewLease(...this.lease(key, group), ...args) === 1
  }

  async releaseLease(key: string, holder: string, fence: number, group?: string, value?: string) {
    const args = [key, holder, fence, LEASE_VALUE_TTL_MS, ...optional(value)]
    await this.commands.sharedReleaseLease(...this.lease(key, group), ...args)
  }

  async expiredLeases(group: string) {
    const name = this.key('lease-group', group)
    return await this.commands.sharedExpiredLeases(name, LEASE_VALUE_TTL_MS, MAX_EXPIRED_LEASES) as string[]
  }

  async inspectLease(key: string): Promise<LeaseState | undefined> {
    const lease = await this.commands.sharedInspectLease(this.key('lease', key)) as [string, number] | null
    return lease ? { value: lease[0], isHeld: lease[1] === 1 } : undefined
  }

  async joinQueue(queue: string, id: string, ttlMs: number, capacity: number) {
    const keys = this.queue(queue)
    const joined = await this.commands.sharedJoinQueue(...keys, id, ttlMs, capacity) as Rank | null
    return joined ? { ticket: { id, order: Number(joined[0]) }, ahead: joined[1] } : undefined
  }

  async renewPlace(queue: string, { id, order }: Ticket, ttlMs: number, adopt: boolean) {
    return await this.commands.sharedRenewPlace(...this.queue(queue), id, ttlMs, order, flag(adopt)) as number
  }

  async leaveQueue(queue: string, { id }: Ticket) {
    return await this.commands.sharedLeaveQueue(...this.queue(queue), id) as number
  }

  async take(limits: readonly Limit[], holder: string, ttlMs: number) {
    const keys = limits.map(({ key }) => this.key('slots', key))
    const maxima = limits.map(({ max }) => max)
    return await this.commands.sharedTakeSlots(keys.length, ...keys, holder, ttlMs, ...maxima) as number
  }

  async release(keys: readonly string[], holder: string) {
    await this.commands.sharedReleaseSlots(keys.length, ...keys.map(key => this.key('slots', key)), holder)
  }

  async increment(id: string, increments: readonly Increment[], ttlMs: number) {
    const keys = [...new Set(increments.map(({ key }) => key))]
    const args = increments.flatMap(({ key, field, by }) => [keys.indexOf(key) + 2, field, by])
    const names = [this.key('increment', id), ...keys.map(key => this.key('counts', key))]
    await this.commands.sharedIncrement(names.length, ...names, INCREMENT_ID_TTL_MS, ttlMs, MAX_COUNTS, ...args)
  }

  async counts(key: string) {
    const fields = Object.entries(await this.commands.hgetall(this.key('counts', key)))
    return new Map(fields.map(([field, count]) => [field, Number(count)]))
  }

  async heartbeat(instance: string, ttlMs: number) {
    return await this.commands.sharedHeartbeat(this.key('instances'), instance, ttlMs) as string[]
  }

  async living() {
    return await this.commands.sharedLivingInstances(this.key('instances')) as string[]
  }

  async leave(instance: string) {
    await this.commands.zrem(this.key('instances'), instance)
  }

  async publish(topic: string, message: string) {
    await this.commands.publish(this.key('topic', topic), message)
  }

  subscribe(topic: string, listener: (message: string) => void) {
    return this.connection.subscribe(this.key('topic', topic), listener)
  }

  private key(...parts: string[]) {
    return [this.prefix, ...parts].join(':')
  }

  /** The keys of a lease, after their number. */
  private lease(key: string, group?: string): [number, ...string[]] {
    const name = this.key('lease', key)
    return group === undefined ? [1, name] : [2, name, this.key('lease-group', group)]
  }

  private queue(queue: string): [string, string] {
    return [this.key('queue', queue), this.key('queue-expiry', queue)]
  }
}

function flag(value: boolean) {
  return value ? '1' : '0'
}

function optional(value: string | undefined): [string, string] {
  return [flag(value !== undefined), value ?? '']
}
