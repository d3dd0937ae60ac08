import { withTimeout } from 'common/async'
import type { Clock } from 'common/time'

/** How long the first commands wait for the connection, as far as this process had time for it. */
export const FIRST_CONNECTION_TIMEOUT_MS = 2000
/** However late a timer fires, no more than this counts. */
const SLICE_MS = 100

/**
 * Waits for the first connection, but not for long. Time in which the process was busy does not count: at a start it
 * loads plugins for seconds, and a server that is there must not be taken for one that is away.
 * @param settled resolves when the server has answered or refused to
 */
export async function firstConnection(settled: Promise<unknown>, clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>) {
  let isSettled = false
  const done = settled.then(() => void (isSettled = true))
  for (let waitedMs = 0; !isSettled && waitedMs < FIRST_CONNECTION_TIMEOUT_MS; waitedMs += SLICE_MS) {
    await withTimeout(done, SLICE_MS, clock, () => {})
    // What has arrived meanwhile is read before the next timer fires.
    await new Promise(resolve => setImmediate(resolve))
  }
}
