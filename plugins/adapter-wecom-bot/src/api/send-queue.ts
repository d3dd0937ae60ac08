import { Condition } from 'common/async'
import type { Clock } from 'common/time'
import { RateLimiter } from './rate-limiter'
import { WecomApiError } from './client'
import { ApiRetry } from './retry'

/** The body of a message, or a promise of it while its file is being uploaded. */
export type PendingBody = object | Promise<object>

/**
 * Whether the messages after one that failed are sent.
 * @param index of the message that failed
 */
export type GoesOn = (error: unknown, index: number) => boolean

interface Job {
  body: Promise<object>
  /** The body, once it is ready. */
  ready?: object
  batch: Batch
  /** Its place in the batch. */
  index: number
  /** The last message of its batch. */
  isLast: boolean
}

/** Messages that belong together. If one fails, the following ones are not sent, unless `goesOn` allows it. */
interface Batch {
  sent(): void
  goesOn: GoesOn
  resolve(): void
  reject(error: unknown): void
}

/** The messages that were not sent when a queue was closed. */
export interface UnsentMessages {
  /** In order. */
  bodies: object[]
  /** Number of messages whose body was not ready. */
  lost: number
}

/** How long `close` waits for the message that is being sent. */
const CLOSE_TIMEOUT_MS = 2000

/** Sends messages to one address in order. A message that is retried holds back those after it. */
export class SendQueue {
  private readonly jobs: Job[] = []
  private readonly limiter: RateLimiter
  private readonly retry: ApiRetry
  private readonly changed: Condition
  private isRunning = false
  private isSending = false
  private isClosed = false
  private readonly closing = new AbortController()

  /**
   * @param limit most messages within `spanMs`
   * @param capacity most messages that may wait; more are refused
   */
  constructor(
    readonly send: (body: object) => Promise<unknown>,
    readonly clock: Clock,
    limit: number,
    spanMs: number,
    readonly capacity: number,
    /** Waits until another limit than `limit` allows the next message. */
    private readonly admit?: (signal: AbortSignal) => Promise<unknown>,
  ) {
    this.limiter = new RateLimiter(clock, limit, spanMs, capacity)
    this.retry = new ApiRetry(clock)
    this.changed = new Condition(clock)
  }

  /** Number of messages that are not being sent yet. */
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
   * Sends a batch of messages in order.
   * @param sent called after each message
   * @param goesOn never by default
   * @throws {WecomApiError} of the first message that failed; those after it are not sent, unless `goesOn` allows it
   */
  async push(bodies: PendingBody[], sent = () => {}, goesOn: GoesOn = () => false): Promise<void> {
    // Bodies after a failed message are never awaited: handle their rejections here.
    for (const body of bodies) if (body instanceof Promise) body.catch(() => {})
    if (!bodies.length) return
    if (this.isClosed) throw new WecomApiError('unsent', undefined, 'the bot has stopped')
    if (this.waiting + bodies.length > this.capacity) {
      throw new WecomApiError('unsent', undefined, `too many messages are waiting (${this.capacity}): send again later`)
    }
    return new Promise((resolve, reject) => {
      let failure: unknown
      const batch: Batch = {
        sent,
        goesOn(error, index) {
          if (!goesOn(error, index)) return false
          failure ??= error
          return true
        },
        resolve: () => failure === undefined ? resolve() : reject(failure),
        reject,
      }
      bodies.forEach((body, index) => {
        const job: Job = { body: Promise.resolve(body), batch, index, isLast: index === bodies.length - 1 }
        if (body instanceof Promise) body.then(ready => job.ready = ready, () => {})
        else job.ready = body
        this.jobs.push(job)
      })
      if (!this.isRunning) void this.run()
    })
  }

  /** Stops sending. @returns the unsent messages; their batches stay pending until `rejectPending` */
  async close(): Promise<UnsentMessages> {
    this.stop()
    const sending = this.isSending ? this.jobs[0] : undefined
    await this.changed.until(() => !this.isSending, CLOSE_TIMEOUT_MS)
    // A message that is still being sent may have arrived: do not send it again.
    const left = this.jobs.filter(job => !this.isSending || job !== sending)
    const bodies = left.map(({ ready }) => ready).filter(ready => ready !== undefined)
    return { bodies, lost: left.length - bodies.length }
  }

  /** Rejects the batches that were not sent. */
  rejectPending(error: WecomApiError) {
    for (const { batch } of this.jobs.splice(Number(this.isSending))) batch.reject(error)
    this.changed.notify()
  }

  dispose() {
    this.stop()
    this.rejectPending(new WecomApiError('unsent', undefined, 'the bot has stopped'))
  }

  private stop() {
    this.isClosed = true
    this.closing.abort()
    this.limiter.dispose()
    this.retry.dispose()
  }

  private async run() {
    this.isRunning = true
    for (let job; !this.isClosed && (job = this.jobs[0]);) {
      try {
        await this.deliver(await job.body)
        this.jobs.shift()
        job.batch.sent()
        if (job.isLast) job.batch.resolve()
      } catch (error) {
        // A message that is unsent because the queue closes has not failed: `close` returns it.
        if (!this.isClosed || !isUnsent(error)) this.failed(job, error)
      }
      this.isSending = false
      this.changed.notify()
    }
    this.isRunning = false
  }

  private deliver(body: object): Promise<void> {
    return this.retry.run(async () => {
      const slot = this.limiter.enter()
      if (!slot) throw new WecomApiError('unsent', undefined, 'too many messages are waiting: send again later')
      await slot
      if (this.admit) {
        await this.admit(this.closing.signal)
        if (this.isClosed) throw new WecomApiError('unsent', undefined, 'the bot has stopped')
      }
      this.isSending = true
      try {
        await this.send(body)
      } catch (error) {
        // While the queue closes, `run` decides first whether the message failed.
        this.isSending = this.isClosed
        throw error
      }
    })
  }

  private failed(job: Job, error: unknown) {
    const { batch, index, isLast } = job
    if (batch.goesOn(error, index)) {
      this.jobs.shift()
      if (isLast) batch.resolve()
      return
    }
    this.drop(batch)
    batch.reject(error)
  }

  private drop(batch: Batch) {
    for (let index = this.jobs.length - 1; index >= 0; index--) {
      if (this.jobs[index].batch === batch) this.jobs.splice(index, 1)
    }
  }
}

/** The message never left this machine. */
function isUnsent(error: unknown) {
  return !(error instanceof WecomApiError) || error.failure === 'unsent'
}
