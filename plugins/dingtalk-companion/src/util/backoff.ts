const FIRST_WAIT_MS = 1000
const MAX_WAIT_MS = 16_000

/**
 * Wait before a retry: random, below a bound that doubles from one second to sixteen, so that calls that failed
 * together are not repeated together.
 * @param attempt 0 for the first retry
 * @param random a number from 0 up to 1
 * @returns milliseconds
 */
export function backoff(attempt: number, random: () => number): number {
  return random() * Math.min(FIRST_WAIT_MS * 2 ** attempt, MAX_WAIT_MS)
}
