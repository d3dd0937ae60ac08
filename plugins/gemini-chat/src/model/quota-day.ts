const zone = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/Los_Angeles', hourCycle: 'h23',
  year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
})

const HOUR = 3_600_000

function read(time: number) {
  const parts = Object.fromEntries(zone.formatToParts(time).map(({ type, value }) => [type, value]))
  return {
    day: `${parts.year}-${parts.month}-${parts.day}`,
    elapsed: +parts.hour * HOUR + +parts.minute * 60_000 + +parts.second * 1000 + new Date(time).getMilliseconds(),
  }
}

/** The day by which Google counts, as `2026-11-22`. */
export function quotaDay(time: number): string {
  return read(time).day
}

/**
 * When Google gives out the next day's quotas: midnight in California.
 * https://ai.google.dev/gemini-api/docs/rate-limits
 */
export function nextQuotaReset(time: number): number {
  const noon = time - read(time).elapsed + 36 * HOUR
  // Counted back from noon, when no clock is ever changed: the day in between may have 23 or 25 hours.
  return noon - read(noon).elapsed
}
