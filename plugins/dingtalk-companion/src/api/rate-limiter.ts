import { SerialQueue } from 'common/async'
import type { Clock } from 'common/time'
import { MAX_CALLS_PER_SECOND } from './limits'

const DEFAULT_CALLS_PER_SECOND = 14

/**
 * Token bucket with a queue. Rate and burst together stay below what DingTalk takes in any second.
 * @see https://open.dingtalk.com/document/orgapp/call-frequency-limit
 */
export class RateLimiter {
  private tokens: number
  private filledAt: number
  private readonly queue = new SerialQueue()

  /**
   * @param rate calls per second in the long run
   * @param burst calls that may be made at once after a pause
   * @param sharedSlot waits until all instances together may make one more call
   */
  constructor(
    private readonly clock: Clock,
    private readonly rate = DEFAULT_CALLS_PER_SECOND,
    private readonly burst = MAX_CALLS_PER_SECOND - 1 - DEFAULT_CALLS_PER_SECOND,
    private readonly sharedSlot?: () => Promise<void> | undefined,
  ) {
    this.tokens = burst
    this.filledAt = clock.monotonic()
  }

  /** Resolves when the caller may make one call, in the order of the callers. */
  take(): Promise<void> {
    return this.queue.run('', () => this.draw())
  }

  private async draw() {
    this.fill()
    if (this.tokens < 1) {
      await this.clock.sleep(Math.ceil((1 - this.tokens) * 1000 / this.rate))
      this.fill()
    }
    this.tokens--
    const slot = this.sharedSlot?.()
    if (slot) await slot
  }

  private fill() {
    const now = this.clock.monotonic()
    this.tokens = Math.min(this.burst, this.tokens + (now - this.filledAt) * this.rate / 1000)
    this.filledAt = now
  }
}
