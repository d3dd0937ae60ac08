import { randomBytes } from 'node:crypto'
import { LEASE_VALUE_TTL_MS } from 'common/shared-state'
import type { Increment, Limit, QueueOptions, SharedState } from 'common/shared-state'
import type { Clock } from 'common/time'
import type { Backend } from '../backend/types'
import { HeldLease } from './held-lease'
import { HeldPlace } from './held-place'
import { Membership } from './membership'
import { MissedChanges } from './missed-changes'
import type { Outages } from './renewal'

/** Whether the server answers. */
export interface ServerHealth extends Outages {
  /** It does not, or has only just begun to do so again. */
  readonly isRecovering: boolean
}

/** Something that this instance holds until it stops. */
interface Held {
  renew(): Promise<unknown>
  stop(): void
}

export interface ServiceOptions {
  instance: string
  clock: Clock
  isShared: boolean
  /** Omitted for a backend that cannot fail. */
  circuit?: ServerHealth
  /** Called when instances have come or gone, as far as the server answers. */
  changed?(instances: readonly string[]): void
}

/** The service `sharedState`: composes the steps of a backend, and keeps what this instance holds. */
export class SharedStateService implements SharedState {
  readonly instance: string
  readonly isShared: boolean
  private readonly clock: Clock
  private readonly circuit: ServerHealth
  private readonly held = new Set<Held>()
  private readonly changes: MissedChanges
  private readonly membership: Membership
  private isDisposed = false

  constructor(private readonly backend: Backend, options: ServiceOptions) {
    const { instance, clock, isShared, circuit, changed = () => {} } = options
    this.instance = instance
    this.clock = clock
    this.isShared = isShared
    this.circuit = circuit ?? { isOpen: false, isRecovering: false, epoch: 0 }
    this.changes = new MissedChanges(clock, this.circuit)
    this.membership = new Membership(backend, { instance, clock, isDegraded: () => this.isDegraded, changed })
  }

  get instances(): readonly string[] {
    return this.membership.instances
  }

  get isDegraded() {
    return this.circuit.isOpen
  }

  get isRecovering() {
    return this.circuit.isRecovering
  }

  /** Makes this instance known to the others. Resolves when it knows them. */
  async start() {
    if (this.isShared) await this.membership.start()
  }

  /** This instance is about to stop: the others must not count on it from now on. It can still use everything. */
  async leave() {
    if (this.isShared) await this.membership.leave()
  }

  claim(key: string, value: string, ttlMs: number) {
    return this.changes.make(ttlMs, leftMs => this.backend.claim(key, value, leftMs), winner => winner === value)
  }

  get(key: string) {
    return this.backend.get(key)
  }

  set(key: string, value: string, ttlMs: number) {
    return this.changes.make(ttlMs, leftMs => this.backend.set(key, value, leftMs))
  }

  async compareAndSet(key: string, expected: string | undefined, value: string | undefined, ttlMs: number) {
    return this.changes.make(
      ttlMs,
      leftMs => this.backend.compareAndSet(key, expected, value, leftMs),
      isChanged => isChanged,
    )
  }

  async acquire(key: string, ttlMs: number, value?: string, group?: string) {
    const { backend, clock, circuit: outages, changes } = this
    const holder = this.uniqueName()
    const fence = await backend.acquireLease(key, holder, ttlMs, value, group)
    if (!fence) return
    const ended = (lease: HeldLease) => void this.held.delete(lease)
    return this.hold(new HeldLease({
      backend, clock, outages, changes, key, holder, fence, value, ttlMs, group, ended,
    }))
  }

  expired(group: string) {
    return this.backend.expiredLeases(group)
  }

  inspect(key: string) {
    return this.backend.inspectLease(key)
  }

  async join(queue: string, { ttlMs, capacity }: QueueOptions) {
    const { backend, clock, circuit: outages, changes } = this
    const joined = await backend.joinQueue(queue, this.uniqueName(), ttlMs, capacity)
    if (!joined) return
    const ended = (place: HeldPlace) => void this.held.delete(place)
    return this.hold(new HeldPlace({ backend, clock, outages, changes, queue, ttlMs, ...joined, ended }))
  }

  take(limits: readonly Limit[], holder: string, ttlMs: number) {
    return this.changes.make(ttlMs, leftMs => this.backend.take(limits, holder, leftMs), waitMs => waitMs === 0)
  }

  release(limits: readonly Pick<Limit, 'key'>[], holder: string) {
    return this.changes.make(LEASE_VALUE_TTL_MS, () => this.backend.release(limits.map(({ key }) => key), holder))
  }

  increment(increments: readonly Increment[], ttlMs: number) {
    const id = this.uniqueName()
    return this.changes.make(ttlMs, leftMs => this.backend.increment(id, increments, leftMs))
  }

  counts(key: string) {
    return this.backend.counts(key)
  }

  publish(topic: string, message: string) {
    void this.backend.publish(topic, `${this.instance} ${message}`)
  }

  subscribe(topic: string, listener: (message: string) => void) {
    return this.backend.subscribe(topic, (text) => {
      const separator = text.indexOf(' ')
      if (text.slice(0, separator) !== this.instance) listener(text.slice(separator + 1))
    })
  }

  /** The server answers again, and may have forgotten everything: tells it what has changed and what this one holds. */
  restore() {
    this.changes.repeat()
    for (const each of this.held) void each.renew()
    void this.membership.restore()
  }

  /** Tells the others that this instance is gone. What it still holds expires. */
  async dispose() {
    this.isDisposed = true
    for (const each of this.held) each.stop()
    this.held.clear()
    if (this.isShared) await this.membership.dispose()
  }

  private hold<T extends Held>(each: T): T {
    if (this.isDisposed) each.stop()
    else this.held.add(each)
    return each
  }

  private uniqueName() {
    return `${this.instance}/${randomBytes(6).toString('hex')}`
  }
}
