import { randomUUID } from 'node:crypto'
import { classifyFailure } from './failure'
import type { Clock } from 'common/time'
import type { Timeouts } from './deadline'
import { Deadline } from './deadline'
import { EngineError } from '../error'

/**
 * One request, shared by the engine above the SDK and the `fetch` below it; the SDK in between passes on only its id.
 * It ends once and for one reason: the user, a timer or the engine.
 */
export class Call {
  readonly id = randomUUID()
  readonly backpressure = new Backpressure()
  readonly deadline: Deadline
  /** The error before the SDK wraps it. */
  error?: EngineError
  private readonly controller = new AbortController()

  /**
   * @param key the API key, which `toError` keeps out of messages
   * @param classify makes an `EngineError` of what the engine's own library throws
   */
  constructor(
    readonly key: string, timeouts: Timeouts, clock?: Clock,
    private readonly classify: (error: unknown, hints: { secret: string }) => EngineError = classifyFailure,
  ) {
    this.deadline = new Deadline(timeouts, error => this.end(error), clock)
  }

  get signal(): AbortSignal {
    return this.controller.signal
  }

  /** Ends the request and its timers. Only the first call has an effect. */
  end(reason = new EngineError('aborted', 'the request was aborted')) {
    this.controller.abort(reason)
    this.deadline.clear()
    this.backpressure.release()
  }

  /** @throws {EngineError} of kind `aborted`, if the user or the engine has ended the request */
  throwIfAborted() {
    if (this.signal.aborted && this.signal.reason.kind === 'aborted') throw this.signal.reason
  }

  /** The error to report for a failure. Failures after the end are consequences of its reason. */
  toError(error: unknown): EngineError {
    return this.signal.aborted && !(error instanceof EngineError)
      ? this.signal.reason
      : this.classify(error, { secret: this.key })
  }
}

/**
 * Keeps a producer at most `window` items ahead of its consumer. The SDK reads as fast as it can and buffers
 * everything; only this makes a slow reader slow down the server.
 */
export class Backpressure {
  private ahead = 0
  private resume?: () => void

  constructor(readonly window = 8) { }

  /** Counts an item. @returns a promise to wait for before the next one; undefined if there is room */
  produced(): Promise<void> | undefined {
    if (++this.ahead < this.window) return
    return new Promise(resolve => this.resume = resolve)
  }

  /** Counts an item as taken. */
  consumed() {
    if (--this.ahead < this.window) this.release()
  }

  /** Lets a waiting producer go on, so that it can be ended. */
  release() {
    this.resume?.()
    this.resume = undefined
  }
}
