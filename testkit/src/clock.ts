/** Time as the stand-ins see it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Resolves after so many milliseconds, or at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Resolves after so many milliseconds, or at once when the signal aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
  })
}

/** The real time. It looks the globals up at each call, so that a fake `Date` and `setTimeout` rule it as well. */
export const systemClock: Clock = { now: () => Date.now(), sleep }

/** A clock that stands still until somebody sleeps on it or advances it: six minutes of polling pass in no time. */
export interface ManualClock extends Clock {
  /** Moves the time forward. */
  advance(ms: number): void
}

/** @param start milliseconds since 1970; the present unless told */
export function manualClock(start = Date.now()): ManualClock {
  let now = start
  return {
    now: () => now,
    advance: (ms) => {
      now += ms
    },
    async sleep(ms, signal) {
      if (signal?.aborted) return
      now += ms
      await new Promise(resolve => setImmediate(resolve))
    },
  }
}
