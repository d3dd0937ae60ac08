import type { Clock } from 'common/time'

const BEIJING_OFFSET_MS = 8 * 3_600_000

/** Share of the quota at which the operator is warned. */
const WARNING_SHARE = 0.8

/** Share from which on no cards are made: the rest is enough for many more answers of one call each. */
const SHORT_SHARE = 0.9

/** The month in which a call is billed, by the time of Beijing, e.g. `2026-11`. */
export function monthOf(now: number): string {
  return new Date(now + BEIJING_OFFSET_MS).toISOString().slice(0, 7)
}

export interface MonthlyQuotaOptions {
  clock: Clock
  /** Calls per month; 0 is unlimited. */
  limit: number
  /** Called once a month, when most of the quota is used. */
  warn(used: number, limit: number): void
  /** Called whenever the count has changed. */
  changed?(quota: MonthlyQuota): void
}

/**
 * Counts the billed calls of an app.
 * @see https://open.dingtalk.com/document/orgapp/call-frequency-limit
 */
export class MonthlyQuota {
  private month: string
  private calls = 0
  private warned = false

  constructor(private readonly options: MonthlyQuotaOptions) {
    this.month = monthOf(options.clock.now())
  }

  get limit() {
    return this.options.limit
  }

  /** Calls of this month. */
  get used() {
    this.startMonth()
    return this.calls
  }

  get isShort() {
    return this.limit > 0 && this.used >= this.limit * SHORT_SHARE
  }

  /** Counts calls; a negative number takes back those that were not billed. */
  spend(calls = 1) {
    this.startMonth()
    this.calls = Math.max(0, this.calls + calls)
    this.options.changed?.(this)
    if (this.warned || !this.limit || this.calls < this.limit * WARNING_SHARE) return
    this.warned = true
    this.options.warn(this.calls, this.limit)
  }

  private startMonth() {
    const month = monthOf(this.options.clock.now())
    if (month === this.month) return
    this.month = month
    this.calls = 0
    this.warned = false
  }
}
