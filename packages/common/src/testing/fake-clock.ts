import type { Clock } from '../time'

interface Timer {
  at: number
  callback: () => void
}

/** Time that stands still until it is advanced. For specs only. */
export class FakeClock implements Clock {
  private readonly timers = new Set<Timer>()
  /** How far the wall clock is ahead of `monotonic`. */
  private offset: number
  /** Not 0: the clock of a process never reads 0, and lru-cache takes it for no time at all. */
  private time = 1000
  /** Durations of all sleeps so far, in milliseconds. */
  readonly sleeps: number[] = []

  /** @param time milliseconds since 1970; 2027-01-15 08:00 UTC by default, which is midnight in California */
  constructor(time = 1_800_000_000_000) {
    this.offset = time - this.time
  }

  now() {
    return this.offset + this.time
  }

  monotonic() {
    return this.time
  }

  /** Sets the wall clock forward, or back by a negative number. No timer is affected. */
  step(ms: number) {
    this.offset += ms
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    const timer = { at: this.time + Math.max(0, delayMs), callback }
    this.timers.add(timer)
    return timer
  }

  clearTimeout(timer: unknown) {
    this.timers.delete(timer as Timer)
  }

  async sleep(delayMs: number, signal?: AbortSignal) {
    this.sleeps.push(delayMs)
    if (signal?.aborted) return
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.clearTimeout(timer)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const timer = this.setTimeout(wake, delayMs)
      signal?.addEventListener('abort', wake)
    })
  }

  /** Number of timers and sleeps that have not ended. */
  get pending() {
    return this.timers.size
  }

  /** Advances the time timer by timer, and lets pending promises settle in between. */
  async advance(ms: number) {
    const end = this.time + ms
    await settle()
    for (let timer = this.next(end); timer; timer = this.next(end)) {
      this.time = Math.max(this.time, timer.at)
      this.timers.delete(timer)
      timer.callback()
      await settle()
    }
    this.time = Math.max(this.time, end)
  }

  /** Advances like a machine that was suspended: timers fire late, at the end. */
  async jump(ms: number) {
    this.time += ms
    await this.advance(0)
  }

  /** The timer that fires first, the older one of two. */
  private next(end: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.timers) {
      if (timer.at <= end && (!first || timer.at < first.at)) first = timer
    }
    return first
  }
}

/** A fake clock on which every sleep ends at once, having advanced the time by its duration. */
export class InstantClock extends FakeClock {
  override async sleep(delayMs: number) {
    this.sleeps.push(delayMs)
    await this.advance(delayMs)
  }
}

/** Lets everything happen that needs no time. */
export function settle(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
