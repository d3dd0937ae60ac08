/** A count as the language writes it. */
export function formatCount(count: number, locale: string): string {
  return new Intl.NumberFormat(locale).format(count)
}

/** A moment in the browser's time zone, without the year. */
export function formatTime(time: number | string, locale: string): string {
  return new Intl.DateTimeFormat(locale, {
    month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  }).format(new Date(time))
}

/** `2026-11-26T10` as `10:00`, `2026-11-26` as `11-26`. */
export function formatPeriod(period: string): string {
  return period.length > 'yyyy-mm-dd'.length ? `${period.slice(-2)}:00` : period.slice('yyyy-'.length)
}
