/** What one row counts: an hour, a day or a month in the time zone of this machine. */
export type Span = 'hour' | 'day' | 'month'

/** What the page shows: the last 24 hours, 30 days, or year. */
export type Range = 'day' | 'month' | 'year'

export const RANGES: readonly Range[] = ['day', 'month', 'year']

const HOUR_MS = 3_600_000
const RANGE_HOURS = 24
const RANGE_DAYS = { month: 30, year: 365 }

/** Of a year, months are enough to rank people and groups: the one that began a year ago is shown whole. */
const RANGE_MONTHS = 12

/** The lengths of `2026-11`, `2026-11-26` and `2026-11-26T10`. */
const LENGTHS: Record<Span, number> = { month: 7, day: 10, hour: 13 }

/** The period that a time is in: `2026-11`, `2026-11-26` or `2026-11-26T10`. */
export function periodOf(span: Span, time: number): string {
  const date = new Date(time)
  const [month, day, hour] = [date.getMonth() + 1, date.getDate(), date.getHours()].map(twoDigits)
  return `${date.getFullYear()}-${month}-${day}T${hour}`.slice(0, LENGTHS[span])
}

/** The day that was some days before the day of a time. */
export function dayBefore(time: number, days: number): string {
  const date = new Date(time)
  // Noon exists once on every day, whatever daylight saving does.
  date.setHours(12, 0, 0, 0)
  date.setDate(date.getDate() - days)
  return periodOf('day', date.getTime())
}

/** The month that was some months before the month of a time. */
export function monthBefore(time: number, months: number): string {
  const date = new Date(time)
  return periodOf('month', new Date(date.getFullYear(), date.getMonth() - months, 15).getTime())
}

/** The span of the periods into which a range is divided. */
export function spanOf(range: Range): Span {
  return range === 'day' ? 'hour' : 'day'
}

/** The periods of a range, ascending. An hour that the clock repeats in autumn is one period. */
export function periodsOf(range: Range, now: number): string[] {
  if (range === 'day') {
    const hours = Array.from({ length: RANGE_HOURS }, (_, index) => {
      return periodOf('hour', now - (RANGE_HOURS - 1 - index) * HOUR_MS)
    })
    return [...new Set(hours)]
  }
  const days = RANGE_DAYS[range]
  return Array.from({ length: days }, (_, index) => dayBefore(now, days - 1 - index))
}

/** The first period of a range in which people and groups are counted, and its span. */
export function rankedSince(range: Range, now: number): { span: Span, since: string } {
  switch (range) {
    case 'day': return { span: 'hour', since: periodsOf('day', now)[0] }
    case 'month': return { span: 'day', since: periodsOf('month', now)[0] }
    case 'year': return { span: 'month', since: monthBefore(now, RANGE_MONTHS) }
    default: return range satisfies never
  }
}

function twoDigits(value: number) {
  return String(value).padStart(2, '0')
}
