import type { Clock } from '../time'

/**
 * Waits for a promise, but not longer than a limit.
 * @param onTimeout says what to return after the limit, or throws; the promise then goes on unattended
 * @throws what the promise rejects with, or what `onTimeout` throws
 */
export async function withTimeout<T, R>(
  promise: Promise<T>,
  limitMs: number,
  clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>,
  onTimeout: () => R,
): Promise<T | R> {
  let timer: unknown
  const late = new Promise<void>((resolve) => {
    timer = clock.setTimeout(resolve, limitMs)
  }).then(onTimeout)
  try {
    return await Promise.race([promise, late])
  } finally {
    clock.clearTimeout(timer)
  }
}
