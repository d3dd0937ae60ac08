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

/** The half in the language of the page, of a text like `原因 / the reason`; any other text whole. */
export function inLanguage(text: string, locale: string): string {
  const halves = text.split(' / ')
  if (halves.length !== 2 || !HAN.test(halves[0]) || HAN.test(halves[1])) return text
  return halves[locale.startsWith('zh') ? 0 : 1]
}

const HAN = /\p{Script=Han}/u
