import type { QueuePlace } from 'common/shared-state'
import type { Clock } from 'common/time'
import type { Backend, Ticket } from '../backend/types'
import type { MissedChanges } from './missed-changes'
import type { Outages } from './renewal'
import { Renewal } from './renewal'

/** How often a waiting place looks whether it is first: a message that one has left may be lost. */
const CHECK_INTERVAL_MS = 1000

export interface HeldPlaceOptions {
  backend: Backend
  clock: Pick<Clock, 'monotonic' | 'setTimeout' | 'clearTimeout'>
  outages: Outages
  changes: MissedChanges
  queue: string
  ticket: Ticket
  ahead: number
  ttlMs: number
  ended(place: HeldPlace): void
}

/** A place of this instance in a queue. */
export class HeldPlace implements QueuePlace {
  readonly ahead: number
  private readonly loss = new AbortController()
  private readonly unsubscribe: () => void
  private readonly waiting = new Set<() => void>()
  private readonly renewal: Renewal
  private isFirst: boolean
  private isStopped = false
  private timer: unknown

  constructor(private readonly options: HeldPlaceOptions) {
    const { backend, queue, ahead, clock, outages, ttlMs } = options
    this.ahead = ahead
    this.isFirst = ahead === 0
    this.renewal = new Renewal(clock, outages, ttlMs)
    this.unsubscribe = this.isFirst ? () => {} : backend.subscribe(topicOf(queue), () => void this.renew())
    this.schedule()
  }

  get lost(): AbortSignal {
    return this.loss.signal
  }

  async whenFirst(signal?: AbortSignal) {
    if (this.isFirst || this.isStopped || signal?.aborted) return
    await new Promise<void>((resolve) => {
      const done = () => {
        this.waiting.delete(done)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      this.waiting.add(done)
      signal?.addEventListener('abort', done)
    })
  }

  async confirm() {
    if (this.renewal.isOverdue) await this.renew()
    return !this.loss.signal.aborted
  }

  async leave() {
    if (this.isStopped) return
    const { backend, changes, queue, ticket, ttlMs } = this.options
    this.stop()
    await changes.make(ttlMs, async () => {
      if (await backend.leaveQueue(queue, ticket)) await backend.publish(topicOf(queue), '')
    })
  }

  /** Renews it no more. */
  stop() {
    this.isStopped = true
    this.options.clock.clearTimeout(this.timer)
    this.options.ended(this)
    this.unsubscribe()
    this.release()
  }

  private schedule() {
    const { clock, ttlMs } = this.options
    this.timer = clock.setTimeout(() => {
      this.schedule()
      void this.renew()
    }, this.isFirst ? ttlMs / 3 : Math.min(CHECK_INTERVAL_MS, ttlMs / 3))
  }

  /** Tells the server that this instance is alive, and asks for the position. */
  async renew() {
    if (this.isStopped) return
    const { renewal, options: { backend, queue, ticket, ttlMs } } = this
    const { isOverdue } = renewal
    const succeeded = renewal.begin()
    // After an outage the queues may be gone; those who were in time go on as they were.
    const position = await backend.renewPlace(queue, ticket, ttlMs, renewal.hadOutage && !isOverdue)
    if (this.isStopped) return
    if (position < 0 || (isOverdue && renewal.hadOutage)) {
      this.stop()
      this.loss.abort()
      return
    }
    succeeded()
    if (position > 0) return
    this.isFirst = true
    this.release()
  }

  private release() {
    for (const done of [...this.waiting]) done()
  }
}

function topicOf(queue: string) {
  return `queue/${queue}`
}
