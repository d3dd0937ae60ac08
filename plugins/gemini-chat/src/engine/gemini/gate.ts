/**
 * Lets a producer run only so far ahead of its consumer. The SDK reads as fast as it can and keeps all it reads; the
 * gate in front of it is what makes a slow reader slow the server down.
 */
export class Gate {
  private ahead = 0
  private open?: () => void

  constructor(readonly window = 8) {}

  /** The producer has one more. Resolves when it may go on; returns nothing if it may go on at once. */
  enter(): Promise<void> | undefined {
    if (++this.ahead < this.window) return
    return new Promise(resolve => this.open = resolve)
  }

  /** The consumer took one. */
  leave() {
    if (--this.ahead < this.window) this.release()
  }

  /** Lets the producer go on whatever the consumer does: it is about to be ended. */
  release() {
    this.open?.()
    this.open = undefined
  }
}
