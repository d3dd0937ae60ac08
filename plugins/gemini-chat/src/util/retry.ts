import { backoff } from './backoff'
import type { DeliveryOptions } from '../delivery/types'

const MAX_ATTEMPTS = 3

/**
 * Sends something, with up to two retries. Adapters that have retried already say so with `retryable: false` on the
 * error.
 * @throws the error of the last attempt
 */
export async function persist<T>(task: () => Promise<T>, { clock, random }: Omit<DeliveryOptions, 'streaming'>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await task()
    } catch (error) {
      const { retryable } = error as { retryable?: boolean }
      if (retryable === false || attempt + 1 >= MAX_ATTEMPTS) throw error
      await clock.sleep(backoff(attempt, random))
    }
  }
}
