import type { Clock } from 'common/time'
import { systemClock } from 'common/time'
import type { Taker } from '../instances/connection-lease'
import { errcodes, isPermanent } from './refusal'

const SECOND = 1000
const MINUTE = 60 * SECOND
const FIRST_PAUSE_MS = SECOND
const MAX_PAUSE_MS = MINUTE
/** Part of a pause by which it is made longer or shorter, so that clients do not come back together. */
const JITTER = 0.25
/** A connection that stood this long has succeeded: the next pause is the first again. */
const STABLE_MS = 30 * SECOND
/** Where only the operator can help. */
const REFUSED_PAUSE_MS = 10 * MINUTE
/** Where WeCom limits subscriptions. */
const LIMITED_PAUSE_MS = MINUTE
/** After another process has taken the bot: the first, the second and the third time. */
const REPLACED_PAUSES_MS = [MINUTE, 5 * MINUTE, 15 * MINUTE]
/**
 * A bot that is taken sooner than this after it was back is fought for. Breaks of the connection in between count: on a
 * bad network it never stands for long, which says nothing about another process.
 */
const FIGHT_MS = 10 * MINUTE
/** After as many fights in a row there are no more tries. */
const MAX_FIGHTS = 3

/** Why there is no connection. */
export type DownReason =
  /** `detail`: what happened, without secrets. */
  | { name: 'failed', detail: string }
  | { name: 'refused', errcode: number }
  /** Another process has subscribed for this bot. */
  | { name: 'replaced', by?: Exclude<Taker, 'unknown'> }

/** Decides when to connect again. Two processes of one bot must not take it from each other for ever. */
export class ReconnectPolicy {
  private failures = 0
  private replacements = 0
  private fights = 0
  /** When there was a connection again after the bot was taken last, by the monotonic clock. */
  private backAt?: number
  /** How long connections have stood since then, all together. */
  private stoodSinceReplaced = 0

  /** @param random a number from 0 up to 1 */
  constructor(
    private readonly random: () => number, private readonly clock: Pick<Clock, 'monotonic'> = systemClock,
  ) {}

  /**
   * @param stoodMs how long the connection was subscribed; 0 if it was not
   * @returns milliseconds until the next try; `undefined` if there is none
   */
  pauseMs(reason: DownReason, stoodMs: number): number | undefined {
    if (stoodMs >= STABLE_MS) this.failures = 0
    const now = this.clock.monotonic()
    if (stoodMs > 0) this.backAt ??= now - stoodMs
    this.stoodSinceReplaced += stoodMs
    switch (reason.name) {
      case 'failed':
        return this.backoff()
      case 'refused': {
        const { errcode } = reason
        const isLimited = errcode === errcodes.rateLimited || errcode === errcodes.tooConcurrent
        const least = isPermanent(errcode) ? REFUSED_PAUSE_MS : isLimited ? LIMITED_PAUSE_MS : 0
        return Math.max(this.backoff(), least)
      }
      case 'replaced': {
        const heldMs = Math.max(this.stoodSinceReplaced, now - (this.backAt ?? now))
        if (heldMs < FIGHT_MS) this.fights++
        else this.replacements = this.fights = 0
        this.stoodSinceReplaced = 0
        this.backAt = undefined
        if (this.fights >= MAX_FIGHTS) return
        const index = Math.min(this.replacements++, REPLACED_PAUSES_MS.length - 1)
        return REPLACED_PAUSES_MS[index] * (1 + this.random())
      }
      default:
        return reason satisfies never
    }
  }

  private backoff(): number {
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.failures++, MAX_PAUSE_MS)
    return pause * (1 + JITTER * (2 * this.random() - 1))
  }
}
