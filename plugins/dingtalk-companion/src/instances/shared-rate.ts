import { randomBytes } from 'node:crypto'
import type { SharedState } from 'common/shared-state'
import type { Clock } from 'common/time'

const WINDOW_MS = 1000

/** The rate of an app's calls over all instances. Each instance keeps to its own rate as well. */
export class SharedRate {
  /**
   * @param state `undefined` as long as nothing is shared
   * @param max calls in any second
   */
  constructor(
    private readonly state: () => SharedState | undefined,
    private readonly clock: Pick<Clock, 'sleep'>,
    private readonly max: number,
  ) {}

  /** Resolves when the app may make one more call. @returns `undefined` if nothing is shared */
  take(app: string): Promise<void> | undefined {
    return this.state() && this.wait(app)
  }

  private async wait(app: string) {
    const limit = { key: `dingtalk/calls/${app}`, max: this.max }
    const holder = randomBytes(8).toString('hex')
    for (let state = this.state(); state; state = this.state()) {
      const waitMs = await state.take([limit], holder, WINDOW_MS)
      if (!waitMs) return
      await this.clock.sleep(waitMs)
    }
  }
}
