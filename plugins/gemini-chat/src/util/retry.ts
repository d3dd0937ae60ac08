import { backoff } from './backoff'
import type { DeliveryOptions } from '../delivery/target'

/**
 * Tries something that must succeed up to three times.
 * @throws what the last try threw
 */
export async function persist<T>(task: () => Promise<T>, { clock, random }: Omit<DeliveryOptions, 'streaming'>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await task()
    } catch (error) {
      if (attempt >= 2) throw error
      await clock.sleep(backoff(attempt, random))
    }
  }
}
