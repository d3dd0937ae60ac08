/**
 * How long to wait before trying again: doubling from one second up to sixteen, anywhere below that bound, so that many
 * who failed together do not come back together.
 * @param attempt 0 for the first wait
 * @param random a number from 0 up to 1
 */
export function backoff(attempt: number, random: () => number): number {
  return random() * Math.min(1000 * 2 ** attempt, 16_000)
}
