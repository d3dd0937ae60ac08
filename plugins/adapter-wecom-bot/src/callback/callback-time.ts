import type { Clock } from 'common/time'
import { CallbackError } from '../protocol/callback-error'

/**
 * Tells fresh callbacks from captured ones by their timestamp. Callbacks that were accepted have proved this machine's
 * clock right. When it is set to a wrong time afterwards, the time that has passed since counts instead: running
 * answers can still be polled, and a captured callback does not become fresh again.
 */
export class CallbackTime {
  /** `now` minus `monotonic` when a callback was accepted last. */
  private provedOffset?: number

  constructor(private readonly clock: Pick<Clock, 'now' | 'monotonic'>) {}

  /** Milliseconds since 1970, as far as callbacks have proved it. */
  now(): number {
    return this.provedOffset === undefined ? this.clock.now() : this.clock.monotonic() + this.provedOffset
  }

  /** How far the clock is ahead of the time that callbacks have proved. Milliseconds. */
  get deviation(): number {
    return this.clock.now() - this.now()
  }

  /**
   * @param timestamp of a callback whose signature is right, in seconds
   * @param freshness how far it may be from now, in milliseconds
   * @throws {CallbackError} `clock`
   */
  check(timestamp: number, freshness: number) {
    if (!Number.isFinite(timestamp)) throw new CallbackError('clock', 'the timestamp is not a number')
    const age = this.now() / 1000 - timestamp
    const isFresh = (seconds: number) => Math.abs(seconds) <= freshness / 1000
    if (isFresh(age)) return
    // The monotonic clock stands still while a machine is suspended: the proved time may be behind, never ahead.
    if (age < 0 && isFresh(this.clock.now() / 1000 - timestamp)) return
    const seconds = Math.round(age)
    throw new CallbackError('clock', seconds > 0 ? `${seconds} s behind this server` : `${-seconds} s ahead of this server`)
  }

  /** @param timestamp of a callback that was accepted, in seconds */
  accepted(timestamp: number, freshness: number) {
    const now = this.clock.now()
    if (Math.abs(now - timestamp * 1000) <= freshness) this.provedOffset = now - this.clock.monotonic()
  }
}
