import { systemClock } from 'common/time'
import type { Clock } from 'common/time'
import { EngineError } from '../error'

export interface Timeouts {
  /** Milliseconds until the first byte of the response. */
  firstByteTimeout: number
  /** Milliseconds between two bytes; keep-alive comments of relays count. */
  idleTimeout: number
  /** Milliseconds for the whole response. */
  totalTimeout: number
}

/** A longer delay overflows Node's timers and fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * The three timers of one request. They tell a model that thinks for minutes from a connection that is dead. 0, and
 * anything above 24 days, is no limit. `expire` is called at most once; no timer is left afterwards.
 */
export class Deadline {
  private silence: unknown
  private total: unknown
  private idle: number
  private started = false
  private over = false

  constructor(
    readonly timeouts: Timeouts,
    readonly expire: (error: EngineError) => void,
    readonly clock: Clock = systemClock,
  ) {
    this.idle = timeouts.idleTimeout
    this.total = this.arm(timeouts.totalTimeout, 'total', 'the response took longer than')
    this.resume()
  }

  /** Starts waiting for the server. */
  resume() {
    this.pause()
    if (this.over) return
    this.silence = this.started
      ? this.arm(this.idle, 'idle', 'the server sent nothing for')
      : this.arm(this.timeouts.firstByteTimeout, 'first-byte', 'the server did not answer within')
  }

  /** Notes that bytes have arrived. */
  noteActivity() {
    this.started = true
    this.resume()
  }

  /** Shortens the idle limit to `ms`, because the answer may be complete and only the end of the stream missing. */
  awaitEnd(ms: number) {
    this.idle = Math.min(this.idle || ms, ms)
    this.noteActivity()
  }

  /** Restores the idle limit, because the answer goes on after all. */
  awaitMore() {
    if (this.idle === this.timeouts.idleTimeout) return
    this.idle = this.timeouts.idleTimeout
    this.noteActivity()
  }

  /** Stops waiting for the server, because the reader is slow. */
  pause() {
    if (this.silence !== undefined) this.clock.clearTimeout(this.silence)
    this.silence = undefined
  }

  /** Stops all timers for good. */
  clear() {
    this.over = true
    this.pause()
    if (this.total !== undefined) this.clock.clearTimeout(this.total)
    this.total = undefined
  }

  private arm(ms: number, reason: 'first-byte' | 'idle' | 'total', text: string) {
    if (!(ms > 0 && ms <= MAX_TIMER_MS)) return
    return this.clock.setTimeout(() => {
      this.clear()
      this.expire(new EngineError('timeout', `${text} ${ms} ms`, { reason }))
    }, ms)
  }
}
