import type { Clock } from '../../src/util/clock'

/** A clock that stands still until it is told to move. */
export class ManualClock implements Clock {
  private time = 1_800_000_000_000
  private sleepers: { at: number, wake: () => void }[] = []
  /** How long everybody wanted to sleep. */
  readonly sleeps: number[] = []

  now() {
    return this.time
  }

  async sleep(ms: number, signal?: AbortSignal) {
    this.sleeps.push(ms)
    if (signal?.aborted) return
    await new Promise<void>((resolve) => {
      const wake = () => {
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      this.sleepers.push({ at: this.time + ms, wake })
      signal?.addEventListener('abort', wake)
    })
  }

  /** Moves on, and lets everything happen that happens until then. */
  async advance(ms: number) {
    const end = this.time + ms
    await settle()
    for (;;) {
      const next = this.sleepers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.sleepers.splice(this.sleepers.indexOf(next), 1)
      this.time = next.at
      next.wake()
      await settle()
    }
    this.time = end
  }
}

/** A clock on which every sleep is over at once. */
export class HastyClock extends ManualClock {
  override async sleep(ms: number) {
    this.sleeps.push(ms)
    await this.advance(ms)
  }
}

/** Lets everything happen that needs no time. */
export function settle(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
