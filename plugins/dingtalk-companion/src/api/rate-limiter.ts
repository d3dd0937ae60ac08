import type { Clock } from '../../../gemini-chat/src/util/clock'

/**
 * Lets so many calls through each second, and the others wait in line.
 *
 * DingTalk takes 20 a second of each app: what is saved up and what flows in never make more than that.
 * https://open.dingtalk.com/document/orgapp/call-frequency-limit
 */
export class Bucket {
  private tokens: number
  private at: number
  private line: Promise<void> = Promise.resolve()

  constructor(private readonly clock: Clock, private readonly rate = 14, private readonly capacity = 5) {
    this.tokens = capacity
    this.at = clock.now()
  }

  /** Resolves when it is the caller's turn. */
  take(): Promise<void> {
    return this.line = this.line.then(() => this.draw())
  }

  private async draw() {
    this.fill()
    if (this.tokens < 1) {
      await this.clock.sleep(Math.ceil((1 - this.tokens) * 1000 / this.rate))
      this.fill()
    }
    this.tokens--
  }

  private fill() {
    const now = this.clock.now()
    this.tokens = Math.min(this.capacity, this.tokens + (now - this.at) * this.rate / 1000)
    this.at = now
  }
}
