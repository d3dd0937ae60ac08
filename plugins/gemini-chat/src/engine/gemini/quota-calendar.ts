import type { QuotaCalendar } from '../types'

const HOUR_MS = 3_600_000

const pacificTime = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/Los_Angeles', hourCycle: 'h23',
  year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
})

/** The day of a time in California, and the milliseconds its clocks show since midnight. */
function readClock(time: number) {
  const parts = Object.fromEntries(pacificTime.formatToParts(time).map(({ type, value }) => [type, value]))
  const minutes = +parts.minute * 60_000 + +parts.second * 1000 + new Date(time).getMilliseconds()
  return { day: `${parts.year}-${parts.month}-${parts.day}`, elapsedMs: +parts.hour * HOUR_MS + minutes }
}

function nextReset(time: number): number {
  const noonOfNextDay = time - readClock(time).elapsedMs + 36 * HOUR_MS
  // Clocks never change at noon, so counting back from there is right for days of 23 and 25 hours too.
  return noonOfNextDay - readClock(noonOfNextDay).elapsedMs
}

/** The day that was asked for last. Reading California's clock takes 60 µs, and every request asks for the day. */
let known = { day: '', from: 0, until: 0 }

/**
 * Daily quotas reset at midnight Pacific time.
 * @see https://ai.google.dev/gemini-api/docs/rate-limits
 */
export const googleQuotaCalendar: QuotaCalendar = {
  nextReset,
  dayOf(time) {
    const isKnown = time >= known.from && time < known.until
    if (!isKnown) known = { day: readClock(time).day, from: time, until: nextReset(time) }
    return known.day
  },
}
