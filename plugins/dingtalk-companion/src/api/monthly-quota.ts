import type { Clock } from '../../../gemini-chat/src/util/clock'

const HOUR = 3_600_000

/** From here on the operator knows. */
const WARNING = 0.8

/** From here on every answer is one message: what is left is worth many more of those. */
const SHORT = 0.9

/** The month that DingTalk bills, which is Beijing's. */
export function monthOf(now: number): string {
  return new Date(now + 8 * HOUR).toISOString().slice(0, 7)
}

/** Counts the calls of an app against what it may make in a month. */
export class Budget {
  private month: string
  private calls = 0
  private warned = false
  /** Called whenever the count has changed. */
  onchange?: () => void

  /**
   * @param limit calls per month; 0 for as many as one likes
   * @param warn is told once a month that the budget is getting short
   */
  constructor(
    private readonly clock: Clock,
    readonly limit: number,
    private readonly warn: (used: number, limit: number) => void,
  ) {
    this.month = monthOf(clock.now())
  }

  /** Calls this month. */
  get used() {
    this.turn()
    return this.calls
  }

  get isShort() {
    return this.limit > 0 && this.used >= this.limit * SHORT
  }

  /** Counts a call, or takes one back that was not billed. */
  spend(calls = 1) {
    this.turn()
    this.calls = Math.max(0, this.calls + calls)
    this.onchange?.()
    if (this.warned || !this.limit || this.calls < this.limit * WARNING) return
    this.warned = true
    this.warn(this.calls, this.limit)
  }

  private turn() {
    const month = monthOf(this.clock.now())
    if (month === this.month) return
    this.month = month
    this.calls = 0
    this.warned = false
  }
}
