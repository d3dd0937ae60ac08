const FIRST_PAUSE_MS = 1000
const MAX_PAUSE_MS = 16_000

/**
 * How long to wait before the next try: a random part of a bound that doubles from 1 s to 16 s, so that clients that
 * failed together do not come back together.
 * @param attempt 0 for the first wait
 * @param random a number from 0 up to 1
 * @returns milliseconds
 */
export function backoffMs(attempt: number, random: () => number): number {
  return random() * Math.min(FIRST_PAUSE_MS * 2 ** attempt, MAX_PAUSE_MS)
}
