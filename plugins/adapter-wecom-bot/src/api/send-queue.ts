import { Condition } from 'common/async'
import type { Clock } from '../util/clock'
import { RateLimiter } from './rate-limiter'
import { WecomApiError } from './client'
import { ApiRetry } from './retry'

/** A message, or one that is still being made, say because its file is being uploaded. */
export type PendingBody = object | Promise<object>

interface Job {
  body: Promise<object>
  /** Set once the body is there. */
  made?: object
  /** Messages that belong together: where one fails, those behind it do not follow. */
  push: Batch
  isLast: boolean
}

interface Batch {
  sent(): void
  resolve(): void
  reject(error: unknown): void
}

/** What was not sent when a queue had to end. */
export interface UnsentMessages {
  /** In their order. */
  bodies: object[]
  /** Messages that were not made yet. */
  lost: number
}

/** How long `close` waits for the message that is being sent. */
const CLOSE_TIMEOUT_MS = 2000

/** Messages to one place, one after the other: what has to be tried again does not let the next one pass. */
export class SendQueue {
  private readonly jobs: Job[] = []
  private readonly limiter: RateLimiter
  private readonly retry: ApiRetry
  private readonly changed: Condition
  private isRunning = false
  private isSending = false
  private isClosed = false

  /** @param capacity most messages that may wait; more are refused */
  constructor(
    readonly send: (body: object) => Promise<unknown>,
    readonly clock: Clock,
    limit: number,
    span: number,
    readonly capacity: number,
  ) {
    this.limiter = new RateLimiter(clock, limit, span, capacity)
    this.retry = new ApiRetry(clock)
    this.changed = new Condition(clock)
  }

  /** Messages that have not been sent, without the one that is being sent. */
  get waiting() {
    return this.jobs.length - Number(this.isSending)
  }

  get isIdle() {
    return !this.jobs.length
  }

  /** Waits until everything is sent, at most `limitMs` milliseconds. */
  whenIdle(limitMs: number): Promise<boolean> {
    return this.changed.until(() => this.isIdle, limitMs)
  }

  /**
   * Sends messages that belong together, in this order.
   * @param sent called for each that has been sent
   * @throws {WecomApiError} of the first that failed; those behind it are not sent
   */
  async push(bodies: PendingBody[], sent = () => {}): Promise<void> {
    // Also those behind a failure, which nobody looks at any more.
    for (const body of bodies) if (body instanceof Promise) body.catch(() => {})
    if (!bodies.length) return
    if (this.isClosed) throw new WecomApiError('unsent', undefined, 'the bot has been stopped')
    if (this.waiting + bodies.length > this.capacity) {
      throw new WecomApiError('unsent', undefined, `too many messages wait, at most ${this.capacity} may`)
    }
    return new Promise((resolve, reject) => {
      const push: Batch = { sent, resolve, reject }
      bodies.forEach((body, index) => {
        const job: Job = { body: Promise.resolve(body), push, isLast: index === bodies.length - 1 }
        if (body instanceof Promise) body.then(made => job.made = made, () => {})
        else job.made = body
        this.jobs.push(job)
      })
      if (!this.isRunning) void this.run()
    })
  }

  /** Stops, and hands out what is left. Whoever waits for it is told by `settle`. */
  async close(): Promise<UnsentMessages> {
    this.stop()
    const sending = this.isSending ? this.jobs[0] : undefined
    await this.changed.until(() => !this.isSending, CLOSE_TIMEOUT_MS)
    // A message that is still being sent may have arrived: do not send it again.
    const left = this.jobs.filter(job => !this.isSending || job !== sending)
    const bodies = left.map(({ made }) => made).filter(made => made !== undefined)
    return { bodies, lost: left.length - bodies.length }
  }

  /** Ends the waiting for what was not sent. */
  rejectPending(error: WecomApiError) {
    for (const { push } of this.jobs.splice(Number(this.isSending))) push.reject(error)
    this.changed.notify()
  }

  dispose() {
    this.stop()
    this.rejectPending(new WecomApiError('unsent', undefined, 'the bot has been stopped'))
  }

  private stop() {
    this.isClosed = true
    this.limiter.dispose()
    this.retry.dispose()
  }

  private async run() {
    this.isRunning = true
    for (let job; !this.isClosed && (job = this.jobs[0]);) {
      try {
        await this.deliver(await job.body)
        this.jobs.shift()
        job.push.sent()
        if (job.isLast) job.push.resolve()
      } catch (error) {
        // What is unsent because the queue closes has not failed: `close` hands it out.
        if (!this.isClosed || !isUnsent(error)) {
          this.drop(job.push)
          job.push.reject(error)
        }
      }
      this.isSending = false
      this.changed.notify()
    }
    this.isRunning = false
  }

  private deliver(body: object): Promise<void> {
    return this.retry.run(async () => {
      const place = this.limiter.enter()
      if (!place) throw new WecomApiError('unsent', undefined, 'too many messages wait')
      await place
      this.isSending = true
      try {
        await this.send(body)
      } catch (error) {
        // While the queue closes, `run` first decides what becomes of the message.
        this.isSending = this.isClosed
        throw error
      }
    })
  }

  private drop(push: Batch) {
    for (let index = this.jobs.length - 1; index >= 0; index--) {
      if (this.jobs[index].push === push) this.jobs.splice(index, 1)
    }
  }
}

/** Neither the limiter nor WeCom let it go. */
function isUnsent(error: unknown) {
  return !(error instanceof WecomApiError) || error.failure === 'unsent'
}
