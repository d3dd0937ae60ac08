import { retry } from 'common/async'
import type { Clock } from 'common/time'
import { WecomApiError } from './client'

/** Tries of one call, the first one included. */
export const MAX_ATTEMPTS = 4
/** Rate limit exceeded. WeCom counts per minute, so short pauses do not help. */
const RATE_LIMIT_CODES = [45009, 45033]
const RATE_LIMIT_PAUSE_MS = 5000
const BUSY_PAUSE_MS = 1000
/** errcode -1: system busy, retry. */
export const SYSTEM_BUSY = -1

/** Repeats calls to WeCom's API with growing pauses while WeCom is busy or cannot be reached. */
export class ApiRetry {
  private readonly disposal = new AbortController()

  constructor(private readonly clock: Clock) {}

  /**
   * @param action runs at most `MAX_ATTEMPTS` times
   * @throws the error of the last attempt; a `WecomApiError` with `unsent` if the bot stops during a pause
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

  /** Ends running pauses and rejects further calls. */
  dispose() {
    this.disposal.abort()
  }
}

/**
 * @param attempt 0 after the first try
 * @returns milliseconds before the next try; `undefined` where another try is no use
 */
export function delayMs(error: unknown, attempt: number): number | undefined {
  if (isPassing(error)) return 2 ** (attempt + 1) * (isRateLimit(error) ? RATE_LIMIT_PAUSE_MS : BUSY_PAUSE_MS)
}

function isPassing(error: unknown): error is WecomApiError {
  return error instanceof WecomApiError && (error.failure === 'unsent' || error.errcode === SYSTEM_BUSY || isRateLimit(error))
}

/** WeCom refused a call, and not because it is busy: what comes after it may be accepted. */
export function isRefusedForGood(error: unknown): boolean {
  return error instanceof WecomApiError && error.failure === 'refused' && !isPassing(error)
}

export function isRateLimit({ errcode = 0 }: WecomApiError): boolean {
  return RATE_LIMIT_CODES.includes(errcode)
}

function stopped() {
  return new WecomApiError('unsent', undefined, 'the bot has stopped')
}
