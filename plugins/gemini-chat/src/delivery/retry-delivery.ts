import { backoffMs, retry } from 'common/async'
import type { DeliveryOptions } from './types'

const MAX_ATTEMPTS = 3

/**
 * Sends or completes a message, with up to two retries. Adapters that have retried already set `retryable: false` on
 * their errors.
 * @throws the platform's error
 */
export function retryDelivery<T>(
  task: () => Promise<T>, { clock, random }: Pick<DeliveryOptions, 'clock' | 'random'>,
): Promise<T> {
  const isRetryable = (error: unknown) => (error as { retryable?: boolean }).retryable !== false
  return retry(task, {
    clock,
    attempts: MAX_ATTEMPTS,
    delayMs: (error, attempt) => isRetryable(error) ? backoffMs(attempt, random) : undefined,
  })
}
