import type { Clock } from 'common/time'
import type { Acknowledgement } from './frame'
import { refusal, unconfirmed, unsent } from './refusal'

/** From a frame until its acknowledgement is overdue. */
export const ACK_TIMEOUT_MS = 5000
/** How much longer an overdue acknowledgement is waited for before the next frame is sent. */
export const LATE_ACK_MS = 5000
/** While one is overdue: from an acknowledgement until it counts as that of the current frame. */
export const DOUBT_MS = 2000
/** From here on an overdue acknowledgement is not expected any more. */
const LOST_ACK_MS = 60_000

interface Request {
  text: string
  resolve(body: Record<string, unknown>): void
  reject(error: unknown): void
}

/**
 * The frames of one `req_id`, one at a time. An acknowledgement tells only the `req_id`, so that one that is overdue
 * could be taken for that of the next frame: the lane waits for it before it sends the next one, and as long as one is
 * missing, an acknowledgement counts only after it was seen whether another one follows.
 */
export class RequestLane {
  private readonly queue: Request[] = []
  private current?: Request
  /** Acknowledgements that are overdue, and since when. */
  private missing = 0
  private missingSince = 0
  /** Codes that came since the current frame was sent. */
  private codes: number[] = []
  private isHolding = false
  private timer: unknown

  constructor(private readonly clock: Clock, private readonly write: (text: string) => void) {}

  /** Nothing is being sent, waited for or overdue. */
  get isSettled() {
    return !this.current && !this.isHolding && !this.queue.length && !this.missing
  }

  /** Nothing is being sent or waited for. */
  get isIdle() {
    return !this.current && !this.isHolding && !this.queue.length
  }

  /**
   * @returns the body of the acknowledgement
   * @throws {WecomApiError}
   */
  send(text: string): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      this.queue.push({ text, resolve, reject })
      this.next()
    })
  }

  acknowledged({ errcode, body }: Acknowledgement) {
    const { current } = this
    if (!current) {
      this.missing = Math.max(0, this.missing - 1)
      if (this.isHolding && !this.missing) this.release()
      return
    }
    this.codes.push(errcode)
    if (this.codes.length > this.missing) return this.decide(current, body)
    this.clock.clearTimeout(this.timer)
    this.timer = this.clock.setTimeout(() => this.decide(current, body), DOUBT_MS)
  }

  /** The connection is gone: what was sent is unconfirmed, what was not is unsent. */
  close() {
    const { current } = this
    this.settle()
    current?.reject(unconfirmed('the connection broke before the acknowledgement'))
    for (const { reject } of this.queue.splice(0)) reject(unsent('the connection broke'))
  }

  private next() {
    if (this.current || this.isHolding) return
    const request = this.queue.shift()
    if (!request) return
    this.current = request
    this.codes = []
    if (this.clock.monotonic() - this.missingSince >= LOST_ACK_MS) this.missing = 0
    this.timer = this.clock.setTimeout(() => this.overdue(request), ACK_TIMEOUT_MS)
    this.write(request.text)
  }

  private decide({ resolve, reject }: Request, body: Record<string, unknown>) {
    const { codes } = this
    this.settle()
    this.missing += 1 - codes.length
    // With that of an earlier frame among them, it is not known which code is whose.
    if (codes.every(code => !code)) resolve(body)
    else if (codes.every(code => code)) reject(refusal(codes.at(-1)!))
    else reject(unconfirmed('acknowledgements came late and disagree'))
    this.next()
  }

  private overdue({ reject }: Request) {
    this.settle()
    this.missing++
    this.missingSince = this.clock.monotonic()
    this.isHolding = true
    this.timer = this.clock.setTimeout(() => this.release(), LATE_ACK_MS)
    reject(unconfirmed(`no acknowledgement within ${ACK_TIMEOUT_MS / 1000} s`))
  }

  private release() {
    this.clock.clearTimeout(this.timer)
    this.isHolding = false
    this.next()
  }

  private settle() {
    this.clock.clearTimeout(this.timer)
    this.isHolding = false
    this.current = undefined
    this.codes = []
  }
}
