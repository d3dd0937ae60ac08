import type { Clock } from '../util/clock'
import { WecomApiError } from './client'

const ATTEMPTS = 4
/** Too fast: WeCom counts by the minute, so that short pauses are no use. */
const TOO_FAST = [45009, 45033]
const BUSY = -1

/** Calls to WeCom that are made again, after growing pauses, where it is busy or was not reached. */
export class Retry {
  private readonly pauses = new Map<unknown, (error: Error) => void>()
  private ended = false

  constructor(readonly clock: Clock) {}

  /**
   * @param action may run up to four times
   * @throws what the last attempt throws; a `WecomApiError` `unsent` where the bot stops in between
   */
  async run<T>(action: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      if (this.ended) throw stopped()
      try {
        return await action()
      } catch (error) {
        if (attempt === ATTEMPTS || !(error instanceof WecomApiError) || !isPassing(error)) throw error
        await this.pause(2 ** attempt * (TOO_FAST.includes(error.errcode!) ? 5000 : 1000))
      }
    }
  }

  dispose() {
    this.ended = true
    for (const [timer, stop] of this.pauses) {
      this.clock.clearTimeout(timer)
      stop(stopped())
    }
    this.pauses.clear()
  }

  private pause(delay: number): Promise<void> {
    if (this.ended) return Promise.reject(stopped())
    return new Promise((resolve, reject) => {
      const timer = this.clock.setTimeout(() => {
        this.pauses.delete(timer)
        resolve()
      }, delay)
      this.pauses.set(timer, reject)
    })
  }
}

function isPassing({ failure, errcode = 0 }: WecomApiError) {
  return failure === 'unsent' || errcode === BUSY || TOO_FAST.includes(errcode)
}

function stopped() {
  return new WecomApiError('unsent', undefined, 'the bot has been stopped')
}
