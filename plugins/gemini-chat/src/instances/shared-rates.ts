import { randomBytes } from 'node:crypto'
import type { SharedState } from 'common/shared-state'

const RATE_WINDOW_MS = 60_000

/** A rate that is used up. */
export interface RateRefusal {
  key: string
  max: number
  waitMs: number
}

/** Messages per minute over all instances. */
export class SharedRates {
  /** @param state `undefined` as long as nothing is shared */
  constructor(private readonly state: () => SharedState | undefined) {}

  /** Something is shared: `admit` has to be asked. */
  get isActive(): boolean {
    return !!this.state()
  }

  /**
   * Counts a message under each of the rates, or under none.
   * @param rates most messages per minute, and whose
   * @returns the rate that is used up, if one is
   */
  async admit(rates: readonly (readonly [max: number, key: string])[]): Promise<RateRefusal | undefined> {
    const state = this.state()
    const holder = randomBytes(8).toString('hex')
    const taken: { key: string }[] = []
    for (const [max, key] of rates) {
      const limit = { key: `gemini-chat/rate/${key}`, max }
      const waitMs = await state?.take([limit], holder, RATE_WINDOW_MS)
      if (waitMs) {
        if (taken.length) await state!.release(taken, holder)
        return { key, max, waitMs }
      }
      taken.push(limit)
    }
  }
}
