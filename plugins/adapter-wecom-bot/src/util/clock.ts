/** Time as it is handed to everything that waits, so that tests can turn it by hand. Milliseconds. */
export interface Clock {
  now(): number
  setTimeout(callback: () => void, delay: number): unknown
  clearTimeout(timer: unknown): void
}

/** Real time. Its timers alone keep no process alive. */
export const clock: Clock = {
  now: Date.now,
  setTimeout: (callback, delay) => setTimeout(callback, delay).unref(),
  clearTimeout: timer => clearTimeout(timer as NodeJS.Timeout),
}
