import { randomUUID } from 'node:crypto'
import { classifyError } from './classify-error'
import type { Clock } from 'common/time'
import type { Timeouts } from './deadline'
import { Deadline } from './deadline'
import { EngineError } from '../error'

/**
 * One request, as the engine above the SDK and the fetch below it share it; the SDK between them carries no more than
 * the id. It ends once, for one reason, whoever ends it: the user, a timer, the engine.
 */
export class Call {
  readonly id = randomUUID()
  readonly backpressure = new Backpressure()
  readonly deadline: Deadline
  /** What went wrong, as it was before the SDK laid its hands on it. */
  error?: EngineError
  private readonly controller = new AbortController()

  /** @param key the API key, to be kept out of messages */
  constructor(readonly key: string, timeouts: Timeouts, clock?: Clock) {
    this.deadline = new Deadline(timeouts, error => this.end(error), clock)
  }

  get signal(): AbortSignal {
    return this.controller.signal
  }

  end(reason = new EngineError('aborted', 'the request was aborted')) {
    this.controller.abort(reason)
    this.deadline.clear()
    this.backpressure.release()
  }

  /** @throws {EngineError} of kind `aborted`, if somebody wants no more of it */
  throwIfAborted() {
    if (this.signal.aborted && this.signal.reason.kind === 'aborted') throw this.signal.reason
  }

  /** What a failure of this call means: whatever breaks after it was ended breaks because of that. */
  toError(error: unknown): EngineError {
    return this.signal.aborted && !(error instanceof EngineError)
      ? this.signal.reason
      : classifyError(error, { secret: this.key })
  }
}

/**
 * Lets a producer run only so far ahead of its consumer. The SDK reads as fast as it can and keeps all it reads; the
 * gate in front of it is what makes a slow reader slow the server down.
 */
export class Backpressure {
  private ahead = 0
  private resume?: () => void

  constructor(readonly window = 8) { }

  /** The producer has one more. Resolves when it may go on; returns nothing if it may go on at once. */
  produced(): Promise<void> | undefined {
    if (++this.ahead < this.window) return
    return new Promise(resolve => this.resume = resolve)
  }

  /** The consumer took one. */
  consumed() {
    if (--this.ahead < this.window) this.release()
  }

  /** Lets the producer go on whatever the consumer does: it is about to be ended. */
  release() {
    this.resume?.()
    this.resume = undefined
  }
}
