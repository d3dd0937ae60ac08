import { createHash, randomBytes } from 'node:crypto'
import type { SharedState } from 'common/shared-state'
import type { Clock } from 'common/time'
import { MAX_WEBHOOK_MESSAGES, WEBHOOK_WINDOW_MS } from '../protocol/limits'

/** WeCom counts messages when they arrive, and one may take this much longer on its way than another. */
const ARRIVAL_SPREAD_MS = 2000

export interface TurnLimits {
  /** Most turns that all instances answer at once. */
  total: number
  /** Most turns of one person. */
  user: number
  /** Milliseconds after which a turn that has not ended is not counted. */
  maxAge: number
}

/** Limits that count over all instances. Each instance keeps to them by itself as well. */
export class SharedLimits {
  /** @param state `undefined` as long as nothing is shared */
  constructor(
    private readonly botId: string,
    private readonly state: () => SharedState | undefined,
    private readonly limits: TurnLimits,
    private readonly clock: Pick<Clock, 'sleep'>,
  ) {}

  /** Something is shared: `enter` has to be asked. */
  get isActive() {
    return !!this.state()
  }

  /** Counts a turn in. @returns whether there was room for it */
  async enter(turnId: string, userId: string): Promise<boolean> {
    const state = this.state()
    return !state || await state.take(this.slots(userId), turnId, this.limits.maxAge) === 0
  }

  leave(turnId: string, userId: string) {
    void this.state()?.release(this.slots(userId), turnId)
  }

  /** Waits until a group's webhook may take one more message. @returns `false` if the signal aborted first */
  async webhookSlot(url: string, signal: AbortSignal): Promise<boolean> {
    const state = this.state()
    // Its address is a secret.
    const key = `wecom-bot/webhook/${createHash('sha256').update(url).digest('hex').slice(0, 32)}`
    const holder = randomBytes(8).toString('hex')
    while (state && !signal.aborted) {
      const wait = await state.take([{ key, max: MAX_WEBHOOK_MESSAGES }], holder, WEBHOOK_WINDOW_MS + ARRIVAL_SPREAD_MS)
      if (!wait) break
      await this.clock.sleep(wait, signal)
    }
    return !signal.aborted
  }

  private slots(userId: string) {
    const { total, user } = this.limits
    return [
      { key: `wecom-bot/${this.botId}/turns`, max: total },
      { key: `wecom-bot/${this.botId}/turns/${userId}`, max: user },
    ]
  }
}
