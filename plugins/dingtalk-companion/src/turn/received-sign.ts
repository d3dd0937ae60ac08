import type { Clock } from 'common/time'
import type { DingtalkApi, Reaction } from '../api/api'
import type { Turn } from './turn'

/** Answers that come sooner, e.g. of commands, need no sign, which takes two billed calls. */
const SIGN_DELAY_MS = 150

/** After a refusal, e.g. for want of a permission. */
const REFUSED_PAUSE_MS = 1_800_000

export interface ReceivedSignsOptions {
  api: DingtalkApi
  clock: Clock
  /** Text of the reaction. */
  name: string
  /** Whether something else will show that the message is being answered. */
  isNeedless(): boolean
}

/** Puts a reaction on messages that are not answered at once, and takes it back when the answer is there. */
export class ReceivedSigns {
  private pausedUntil = -Infinity

  constructor(private readonly options: ReceivedSignsOptions) {}

  /** @returns ends the sign; to be called when the turn has ended */
  begin(message: Reaction, turn: Pick<Turn, 'isAnswered'>): () => void {
    const { api, clock, name } = this.options
    let shown: Promise<boolean> | undefined
    const timer = clock.setTimeout(() => {
      if (!turn.isAnswered && this.isPossible) shown = this.show(message)
    }, SIGN_DELAY_MS)
    return () => {
      clock.clearTimeout(timer)
      // A reaction that stays does no harm.
      void shown?.then(isShown => isShown ? api.react(message, name, true) : undefined).catch(() => {})
    }
  }

  private get isPossible(): boolean {
    const { api: { app }, isNeedless, clock } = this.options
    return !app.quota.isShort && !isNeedless() && clock.monotonic() >= this.pausedUntil
  }

  private async show(message: Reaction): Promise<boolean> {
    try {
      await this.options.api.react(message, this.options.name)
      return true
    } catch {
      this.pausedUntil = this.options.clock.monotonic() + REFUSED_PAUSE_MS
      return false
    }
  }
}
