import type { Clock } from '../time'

export interface RetryOptions {
  clock: Pick<Clock, 'sleep'>
  /** Most tries, the first one included. */
  attempts: number
  /**
   * @param attempt 0 after the first try
   * @returns milliseconds before the next try, or `undefined` where another try is no use
   */
  delayMs(error: unknown, attempt: number): number | undefined
  /** Ends the pauses: the last error is thrown at once. */
  signal?: AbortSignal
}

/**
 * Tries a task again where it failed for a passing reason.
 * @throws what the last try threw
 */
export async function retry<T>(task: () => Promise<T>, { clock, attempts, delayMs, signal }: RetryOptions): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await task()
    } catch (error) {
      const delay = attempt + 1 < attempts && !signal?.aborted ? delayMs(error, attempt) : undefined
      if (delay === undefined) throw error
      await clock.sleep(delay, signal)
      if (signal?.aborted) throw error
    }
  }
}
