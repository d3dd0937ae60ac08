import { systemClock } from 'common/time'
import type { Clock } from 'common/time'
import { EngineError } from '../error'

export interface Timeouts {
  /** Milliseconds until the first byte of the answer. */
  firstByteTimeout: number
  /** Milliseconds of silence between bytes; a relay's keep-alive comments count as signs of life. */
  idleTimeout: number
  /** Milliseconds for the whole answer. */
  totalTimeout: number
}

/** A longer delay overflows Node's timers and would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * The three timers of one answer. A model that thinks for minutes but lives is not cut off, one that died is noticed.
 * A limit of 0 or beyond 24 days is no limit. `expire` is called at most once, and then no timer is left.
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
    this.total = this.arm(timeouts.totalTimeout, 'total', 'the answer took longer than')
    this.resume()
  }

  /** Waits for the server from now on. */
  resume() {
    this.pause()
    if (this.over) return
    this.silence = this.started
      ? this.arm(this.idle, 'idle', 'the server fell silent for')
      : this.arm(this.timeouts.firstByteTimeout, 'first-byte', 'the server did not answer within')
  }

  /** Something came. */
  noteActivity() {
    this.started = true
    this.resume()
  }

  /** The answer is complete: no more than `ms` of silence are worth waiting for its end. */
  awaitEnd(ms: number) {
    this.idle = Math.min(this.idle || ms, ms)
    this.noteActivity()
  }

  /** Whoever reads is slow: the server's silence is not its fault. */
  pause() {
    if (this.silence !== undefined) this.clock.clearTimeout(this.silence)
    this.silence = undefined
  }

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
