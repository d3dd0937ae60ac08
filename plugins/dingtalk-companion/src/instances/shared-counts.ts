import type { SharedState } from 'common/shared-state'

/** Longer than a month. */
const COUNTS_TTL_MS = 40 * 86_400_000
/** Other instances may write their counts at the same moment. */
const MAX_TRIES = 5

/** What each process has counted, by its key. */
export type Counts = Record<string, number>

/** Counts of a month that all instances see, also where each has a database of its own. */
export class SharedCounts {
  /** @param state `undefined` as long as nothing is shared */
  constructor(private readonly state: () => SharedState | undefined) {}

  /**
   * Shows the count of one process, unless that is 0, and reads those of all.
   * @returns `undefined` if nothing is shared at present, or others write all the time: the next count tells them
   */
  async exchange(counter: string, month: string, process: string, count: number): Promise<Counts | undefined> {
    const state = this.state()
    const key = `dingtalk/usage/${counter}/${month}`
    for (let tries = 0; state && tries < MAX_TRIES; tries++) {
      const before = await state.get(key)
      if (state.isDegraded) return
      const counts = before === undefined ? {} : JSON.parse(before) as Counts
      if ((counts[process] ?? 0) === count) return counts
      counts[process] = count
      const isWritten = await state.compareAndSet(key, before, JSON.stringify(counts), COUNTS_TTL_MS)
      if (isWritten && !state.isDegraded) return counts
    }
  }
}
