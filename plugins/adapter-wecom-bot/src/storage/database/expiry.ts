import type { Clock } from 'common/time'
import type { RowAccess } from '../row-access'

const SWEEP_INTERVAL_MS = 60_000

/** Condition that a row has not expired. */
export function unexpired(clock: Clock) {
  return { expires: { $gt: new Date(clock.now()) } }
}

export function expiresAfter(clock: Clock, milliseconds: number) {
  return new Date(clock.now() + milliseconds)
}

/** Removes expired rows once a minute. */
export class ExpirySweep {
  private timer: unknown

  /** @param retention milliseconds after which the text of a stream is erased, before its row expires */
  constructor(readonly access: RowAccess, readonly clock: Clock, readonly retention: number) {
    this.schedule()
  }

  dispose() {
    this.clock.clearTimeout(this.timer)
  }

  private schedule() {
    this.timer = this.clock.setTimeout(() => {
      this.schedule()
      void this.sweep()
    }, SWEEP_INTERVAL_MS)
  }

  private async sweep() {
    const expires = { $lte: new Date(this.clock.now()) }
    const shown = { $lte: new Date(this.clock.now() - this.retention) }
    await this.access.try(undefined, async (database) => {
      await database.set('wecom_bot_turn', { shown, content: { $ne: '' } }, { content: '' })
      await database.remove('wecom_bot_turn', { expires })
      await database.remove('wecom_bot_card', { expires })
      await database.remove('wecom_bot_answer', { expires })
      await database.remove('wecom_bot_opinion', { expires })
      await database.remove('wecom_bot_push', { expires })
    })
  }
}
