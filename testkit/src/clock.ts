/** The clock of the mock servers. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Resolves after `ms` milliseconds, or when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Resolves after `ms` milliseconds, or when the signal aborts. */
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

/** The system's time. Reads the globals at each call, so that fake timers apply. */
export const systemClock: Clock = { now: () => Date.now(), sleep }

/** A clock that only moves by `sleep` and `advance`: six minutes of polling take no real time. */
export interface ManualClock extends Clock {
  /** Moves the clock forward by `ms` milliseconds. */
  advance(ms: number): void
}

/** @param start milliseconds since 1970, the current time by default */
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
