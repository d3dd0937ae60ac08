import type { Clock } from 'common/time'

const BEIJING_OFFSET_MS = 8 * 3_600_000

/** Share of the quota at which the operator is warned. */
const WARNING_SHARE = 0.8

/** Share from which on the quota is saved: of API calls, the rest is enough for many more answers of one call each. */
const SHORT_SHARE = 0.9

/** The month in which a call is billed, by the time of Beijing, e.g. `2026-11`. */
export function monthOf(now: number): string {
  return new Date(now + BEIJING_OFFSET_MS).toISOString().slice(0, 7)
}

export interface MonthlyQuotaOptions {
  clock: Clock
  /** Uses per month; 0 is unlimited. */
  limit: number
  /** Called once a month, when most of the quota is used. */
  warn(used: number, limit: number): void
  /** Called whenever this process has counted. */
  changed?(quota: MonthlyQuota): void
}

/**
 * Counts what an app uses of one monthly quota: what this process has counted, and what others have counted before it
 * or beside it.
 * @see https://open.dingtalk.com/document/orgapp/call-frequency-limit
 */
export class MonthlyQuota {
  private currentMonth: string
  private ownCount = 0
  private othersCount = 0
  private warned = false

  constructor(private readonly options: MonthlyQuotaOptions) {
    this.currentMonth = monthOf(options.clock.now())
  }

  get limit() {
    return this.options.limit
  }

  get month() {
    this.startMonth()
    return this.currentMonth
  }

  /** Counted by this process in this month. */
  get own() {
    this.startMonth()
    return this.ownCount
  }

  /** Used in this month, by all processes that are known of. */
  get used() {
    return this.own + this.othersCount
  }

  get isShort() {
    return this.share >= SHORT_SHARE
  }

  /** Whether the operator should know. */
  get isMostlyUsed() {
    return this.share >= WARNING_SHARE
  }

  /** The part of the quota that is used; 0 without a limit. */
  get share() {
    return this.limit > 0 ? this.used / this.limit : 0
  }

  /** Counts uses; a negative number takes back those that were not billed. */
  spend(count = 1) {
    this.startMonth()
    this.ownCount = Math.max(0, this.ownCount + count)
    this.options.changed?.(this)
    this.warnWhenMostIsUsed()
  }

  /** Sets what other processes have counted in a month. */
  setOthers(month: string, count: number) {
    if (month !== this.month) return
    this.othersCount = count
    this.warnWhenMostIsUsed()
  }

  private warnWhenMostIsUsed() {
    if (this.warned || !this.isMostlyUsed) return
    this.warned = true
    this.options.warn(this.used, this.limit)
  }

  private startMonth() {
    const month = monthOf(this.options.clock.now())
    if (month === this.currentMonth) return
    this.currentMonth = month
    this.ownCount = this.othersCount = 0
    this.warned = false
  }
}
