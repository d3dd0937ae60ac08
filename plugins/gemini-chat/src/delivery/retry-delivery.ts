import { backoffMs, retry } from 'common/async'
import type { Clock } from 'common/time'

const MAX_ATTEMPTS = 3

/**
 * Sends or edits a message whose loss would be seen: up to three tries, with growing pauses.
 * @throws what the last try threw
 */
export function retryDelivery<T>(
  task: () => Promise<T>,
  { clock, random }: { clock: Clock, random: () => number },
): Promise<T> {
  return retry(task, { clock, attempts: MAX_ATTEMPTS, delayMs: (_, attempt) => backoffMs(attempt, random) })
}
