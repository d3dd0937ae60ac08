import type { Increment, Limit } from 'common/shared-state'
import { LEASE_VALUE_TTL_MS, MAX_COUNTS, MAX_EXPIRED_LEASES } from 'common/shared-state'
import type { Clock } from 'common/time'
import type { Backend, Ticket } from '../backend/types'
import { INCREMENT_ID_TTL_MS } from '../backend/types'
import { ExpiringValues } from './expiring-values'

interface StoredLease {
  fence: number
  holder?: string
  /** By the monotonic clock. */
  heldUntil: number
  value?: string
}

interface StoredTicket extends Ticket {
  /** By the monotonic clock. */
  aliveUntil: number
}

/** Shared state in the memory of one process: for a single instance, and for specs that run several in one process. */
export class MemoryBackend implements Backend {
  private readonly values: ExpiringValues<string>
  private readonly leases: ExpiringValues<StoredLease>
  /** By group, the keys of leases that were not released. */
  private readonly groups = new Map<string, Set<string>>()
  private readonly queues = new Map<string, StoredTicket[]>()
  /** By limit and holder, when each slot becomes free. */
  private readonly slots = new Map<string, Map<string, number>>()
  private readonly counted: ExpiringValues<Map<string, number>>
  private readonly incrementIds: ExpiringValues<true>
  private readonly alive: ExpiringValues<true>
  private readonly listeners = new Map<string, Set<(message: string) => void>>()
  private lastOrder = 0

  constructor(private readonly clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.values = new ExpiringValues(clock)
    this.leases = new ExpiringValues(clock)
    this.counted = new ExpiringValues(clock)
    this.incrementIds = new ExpiringValues(clock)
    this.alive = new ExpiringValues(clock)
  }

  async claim(key: string, value: string, ttlMs: number) {
    const held = this.values.get(key)
    if (held !== undefined) return held
    this.values.set(key, value, ttlMs)
    return value
  }

  async get(key: string) {
    return this.values.get(key)
  }

  async set(key: string, value: string, ttlMs: number) {
    this.values.set(key, value, ttlMs)
  }

  async compareAndSet(key: string, expected: string | undefined, value: string | undefined, ttlMs: number) {
    if (this.values.get(key) !== expected) return false
    if (value === undefined) this.values.delete(key)
    else this.values.set(key, value, ttlMs)
    return true
  }

  async acquireLease(key: string, holder: string, ttlMs: number, value?: string, group?: string) {
    const lease = this.leases.get(key)
    if (lease?.holder && lease.heldUntil > this.clock.monotonic()) return 0
    const fence = (lease?.fence ?? 0) + 1
    this.storeLease(key, { fence, holder, value: value ?? lease?.value }, ttlMs, group)
    return fence
  }

  async renewLease(key: string, holder: string, fence: number, ttlMs: number, value?: string, group?: string) {
    const lease = this.leases.get(key)
    const isOther = !!lease?.holder && lease.holder !== holder
    if (lease && (lease.fence > fence || (lease.fence === fence && isOther))) return false
    this.storeLease(key, { fence, holder, value: value ?? lease?.value }, ttlMs, group)
    return true
  }

  async releaseLease(key: string, holder: string, fence: number, group?: string, value?: string) {
    const lease = this.leases.get(key)
    if (lease ? lease.fence !== fence || lease.holder !== holder : value === undefined) return
    if (lease) lease.holder = undefined
    if (value !== undefined) this.leases.set(key, { fence, heldUntil: 0, value }, LEASE_VALUE_TTL_MS)
    if (group !== undefined) this.leaveGroup(group, key)
  }

  async expiredLeases(group: string) {
    const now = this.clock.monotonic()
    const expired: [key: string, until: number][] = []
    for (const key of this.groups.get(group) ?? []) {
      const lease = this.leases.get(key)
      if (!lease) this.leaveGroup(group, key)
      else if (lease.heldUntil <= now) expired.push([key, lease.heldUntil])
    }
    return expired.sort(([, one], [, other]) => one - other).slice(0, MAX_EXPIRED_LEASES).map(([key]) => key)
  }

  async inspectLease(key: string) {
    const lease = this.leases.get(key)
    if (lease?.value === undefined) return
    return { value: lease.value, isHeld: !!lease.holder && lease.heldUntil > this.clock.monotonic() }
  }

  async joinQueue(queue: string, id: string, ttlMs: number, capacity: number) {
    const tickets = this.livingTickets(queue)
    if (tickets.length >= capacity) return
    const order = this.lastOrder = Math.max(this.clock.now() * 1000, this.lastOrder + 1)
    const ticket = { id, order }
    this.queues.set(queue, [...tickets, { ...ticket, aliveUntil: this.clock.monotonic() + ttlMs }])
    return { ticket, ahead: tickets.length }
  }

  async renewPlace(queue: string, { id, order }: Ticket, ttlMs: number, adopt: boolean) {
    const tickets = this.livingTickets(queue)
    const aliveUntil = this.clock.monotonic() + ttlMs
    const own = tickets.find(ticket => ticket.id === id)
    if (own) own.aliveUntil = aliveUntil
    else if (!adopt) return -1
    else tickets.push({ id, order, aliveUntil })
    this.lastOrder = Math.max(this.lastOrder, order)
    tickets.sort((one, other) => one.order - other.order)
    this.queues.set(queue, tickets)
    return tickets.findIndex(ticket => ticket.id === id)
  }

  async leaveQueue(queue: string, { id }: Ticket) {
    const tickets = this.livingTickets(queue).filter(ticket => ticket.id !== id)
    if (tickets.length) this.queues.set(queue, tickets)
    else this.queues.delete(queue)
    return tickets.length
  }

  async take(limits: readonly Limit[], holder: string, ttlMs: number) {
    const now = this.clock.monotonic()
    const waits = limits.map(({ key, max }) => {
      const slots = this.freed(key)
      if (slots.size < max) return 0
      return Math.max(1, Math.min(...slots.values()) - now)
    })
    const wait = Math.max(0, ...waits)
    if (wait) return Math.ceil(wait)
    for (const { key } of limits) this.slots.set(key, this.freed(key).set(holder, now + ttlMs))
    return 0
  }

  async release(keys: readonly string[], holder: string) {
    for (const key of keys) {
      const slots = this.freed(key)
      slots.delete(holder)
      if (!slots.size) this.slots.delete(key)
    }
  }

  async increment(id: string, increments: readonly Increment[], ttlMs: number) {
    if (this.incrementIds.get(id)) return
    this.incrementIds.set(id, true, INCREMENT_ID_TTL_MS)
    for (const { key, field, by } of increments) {
      const counts = this.counted.get(key) ?? new Map<string, number>()
      if (counts.has(field) || counts.size < MAX_COUNTS) counts.set(field, (counts.get(field) ?? 0) + by)
      this.counted.set(key, counts, ttlMs)
    }
  }

  async counts(key: string) {
    return new Map(this.counted.get(key))
  }

  async heartbeat(instance: string, ttlMs: number) {
    this.alive.set(instance, true, ttlMs)
    return this.alive.keys()
  }

  async living() {
    return this.alive.keys()
  }

  async leave(instance: string) {
    this.alive.delete(instance)
  }

  async publish(topic: string, message: string) {
    for (const listener of [...this.listeners.get(topic) ?? []]) listener(message)
  }

  subscribe(topic: string, listener: (message: string) => void) {
    const listeners = this.listeners.get(topic) ?? new Set()
    this.listeners.set(topic, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (!listeners.size && this.listeners.get(topic) === listeners) this.listeners.delete(topic)
    }
  }

  private storeLease(key: string, lease: Omit<StoredLease, 'heldUntil'>, ttlMs: number, group?: string) {
    this.leases.set(key, { ...lease, heldUntil: this.clock.monotonic() + ttlMs }, LEASE_VALUE_TTL_MS)
    if (group !== undefined) this.groups.set(group, (this.groups.get(group) ?? new Set()).add(key))
  }

  private leaveGroup(group: string, key: string) {
    const keys = this.groups.get(group)
    keys?.delete(key)
    if (!keys?.size) this.groups.delete(group)
  }

  /** The tickets of instances that are alive, in order. */
  private livingTickets(queue: string): StoredTicket[] {
    const now = this.clock.monotonic()
    return (this.queues.get(queue) ?? []).filter(({ aliveUntil }) => aliveUntil > now)
  }

  /** The slots of a limit that are not free yet. */
  private freed(key: string): Map<string, number> {
    const now = this.clock.monotonic()
    const slots = this.slots.get(key) ?? new Map<string, number>()
    for (const [holder, until] of slots) if (until <= now) slots.delete(holder)
    return slots
  }
}
