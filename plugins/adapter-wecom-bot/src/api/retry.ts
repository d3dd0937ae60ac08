import { retry } from 'common/async'
import type { Clock } from '../util/clock'
import { WecomApiError } from './client'

const MAX_ATTEMPTS = 4
/** Too many calls: WeCom counts by the minute, so short pauses are no use. */
const RATE_LIMIT_CODES = [45009, 45033]
const RATE_LIMIT_PAUSE_MS = 5000
const BUSY_PAUSE_MS = 1000
/** errcode -1: system busy, retry. */
export const SYSTEM_BUSY = -1

/** Repeats calls to WeCom, after growing pauses, where WeCom is busy or was not reached. */
export class ApiRetry {
  private readonly disposal = new AbortController()

  constructor(private readonly clock: Clock) {}

  /**
   * @param action may run up to four times
   * @throws what the last try throws; a `WecomApiError` `unsent` where the bot stops in between
   */
  async run<T>(action: () => Promise<T>): Promise<T> {
    const { signal } = this.disposal
    if (signal.aborted) throw stopped()
    try {
      return await retry(action, { clock: this.clock, attempts: MAX_ATTEMPTS, delayMs, signal })
    } catch (error) {
      throw signal.aborted && isPassing(error) ? stopped() : error
    }
  }

  /** Ends the pauses, and refuses further calls. */
  dispose() {
    this.disposal.abort()
  }
}

function delayMs(error: unknown, attempt: number): number | undefined {
  if (isPassing(error)) return 2 ** (attempt + 1) * (isRateLimit(error) ? RATE_LIMIT_PAUSE_MS : BUSY_PAUSE_MS)
}

function isPassing(error: unknown): error is WecomApiError {
  return error instanceof WecomApiError && (error.failure === 'unsent' || error.errcode === SYSTEM_BUSY || isRateLimit(error))
}

function isRateLimit({ errcode = 0 }: WecomApiError) {
  return RATE_LIMIT_CODES.includes(errcode)
}

function stopped() {
  return new WecomApiError('unsent', undefined, 'the bot has been stopped')
}
