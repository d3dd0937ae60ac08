import { LEASE_VALUE_TTL_MS } from 'common/shared-state'
import type { Lease } from 'common/shared-state'
import type { Clock } from 'common/time'
import type { Backend } from '../backend/types'
import type { MissedChanges } from './missed-changes'
import type { Outages } from './renewal'
import { Renewal } from './renewal'

export interface HeldLeaseOptions {
  backend: Backend
  clock: Pick<Clock, 'monotonic' | 'setTimeout' | 'clearTimeout'>
  outages: Outages
  changes: MissedChanges
  key: string
  holder: string
  fence: number
  value?: string
  ttlMs: number
  group?: string
  ended(lease: HeldLease): void
}

/** A lease of this instance. It is renewed three times within its time. */
export class HeldLease implements Lease {
  readonly key: string
  readonly fence: number
  private readonly loss = new AbortController()
  private timer: unknown
  private isStopped = false
  /** The last value written, if any. */
  private value?: string
  private readonly renewal: Renewal

  constructor(private readonly options: HeldLeaseOptions) {
    this.key = options.key
    this.fence = options.fence
    this.value = options.value
    this.renewal = new Renewal(options.clock, options.outages, options.ttlMs)
    this.schedule()
  }

  get lost(): AbortSignal {
    return this.loss.signal
  }

  get isOverdue() {
    return this.renewal.isOverdue
  }

  write(value: string): Promise<boolean> {
    return this.renew(value)
  }

  async release() {
    if (this.isStopped) return
    const { backend, changes, key, holder, fence, group } = this.options
    this.stop()
    await changes.make(LEASE_VALUE_TTL_MS, (_, isRepeated) => {
      // What was written before an outage, or in it, may be missing.
      const value = isRepeated || this.renewal.hadOutage ? this.value : undefined
      return backend.releaseLease(key, holder, fence, group, value)
    }, () => this.value !== undefined || !this.renewal.isUntold)
  }

  abandon() {
    this.stop()
  }

  /** Renews it no more. */
  stop() {
    this.isStopped = true
    this.options.clock.clearTimeout(this.timer)
    this.options.ended(this)
  }

  private schedule() {
    const { clock, ttlMs } = this.options
    this.timer = clock.setTimeout(() => {
      this.schedule()
      void this.renew()
    }, ttlMs / 3)
  }

  /** @param value replaces the value. @returns `false` if the lease is lost */
  async renew(value?: string): Promise<boolean> {
    if (this.isStopped) return false
    const { renewal, options: { backend, key, holder, fence, ttlMs, group } } = this
    const { isOverdue } = renewal
    const succeeded = renewal.begin()
    if (value !== undefined) this.value = value
    // After an outage the server may not know the value any more.
    const written = value ?? (renewal.hadOutage ? this.value : undefined)
    const isOwn = await backend.renewLease(key, holder, fence, ttlMs, written, group)
    if (this.isStopped) return false
    // Without the server, a process that was stopped cannot know whether another one has taken over.
    if (isOwn && !(isOverdue && renewal.hadOutage)) {
      succeeded()
      return true
    }
    this.stop()
    this.loss.abort()
    return false
  }
}
