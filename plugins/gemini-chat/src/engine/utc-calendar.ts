import type { QuotaCalendar } from './types'

const DAY_MS = 86_400_000

/** Days of universal time, for providers that do not say when their daily quotas begin again. */
export const utcCalendar: QuotaCalendar = {
  dayOf: time => new Date(time).toISOString().slice(0, 10),
  nextReset: time => (Math.floor(time / DAY_MS) + 1) * DAY_MS,
}
