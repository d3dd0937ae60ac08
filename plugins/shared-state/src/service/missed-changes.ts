import type { Clock } from 'common/time'
import type { Outages } from './renewal'

/** Most changes that are kept, with texts of up to 20 KB. Beyond that the older half is given up. */
const MAX_MISSED = 2000

/** @param ttlMs how long the change still matters. @param isRepeated the server may not know what went before it */
type Change<T> = (ttlMs: number, isRepeated: boolean) => Promise<T>

interface MissedChange {
  /** By the monotonic clock. */
  until: number
  repeat(ttlMs: number): Promise<unknown>
}

/**
 * Changes that the server has missed while it was away. It is told of them, in order, when it answers again: else what
 * was released would stay taken until it expires, and what was claimed could be claimed a second time.
 */
export class MissedChanges {
  private missed: MissedChange[] = []

  constructor(private readonly clock: Pick<Clock, 'monotonic'>, private readonly outages: Outages) {}

  /**
   * Makes a change, and once more if the server has missed it. It has also missed one that it makes after all, later:
   * a second time must do no harm.
   * @param matters whether the change was made, by its result
   */
  make<T>(ttlMs: number, change: Change<T>, matters: (result: T) => boolean = () => true): Promise<T> {
    return this.attempt(ttlMs, change, matters, false)
  }

  /** The server answers again. */
  repeat() {
    const { missed } = this
    this.missed = []
    const now = this.clock.monotonic()
    // Whole milliseconds: the server takes no others.
    for (const { until, repeat } of missed) if (until > now) void repeat(Math.ceil(until - now))
  }

  private async attempt<T>(ttlMs: number, change: Change<T>, matters: (result: T) => boolean, isRepeated: boolean) {
    const until = this.clock.monotonic() + ttlMs
    const { epoch, isOpen } = this.outages
    const result = await change(ttlMs, isRepeated)
    if ((isOpen || this.outages.epoch !== epoch) && matters(result)) {
      this.keep({ until, repeat: leftMs => this.attempt(leftMs, change, matters, true) })
      // It has come back meanwhile.
      if (!this.outages.isOpen) this.repeat()
    }
    return result
  }

  private keep(change: MissedChange) {
    this.missed.push(change)
    if (this.missed.length <= MAX_MISSED) return
    const now = this.clock.monotonic()
    this.missed = this.missed.filter(({ until }) => until > now).slice(-MAX_MISSED / 2)
  }
}
