import type { Clock } from '../util/clock'
import type { Memory } from './context-window'

const SECOND = 1000

const HOUR = 3_600_000

export interface SweepOptions {
  /** After so many milliseconds without a word a conversation is over. */
  expiry: number
  clock: Clock
  signal: AbortSignal
  isBusy(scope: string): boolean
}

/**
 * Forgets what is over again and again, in the background, until the signal aborts: whoever never comes back is not
 * kept for ever. Never rejects.
 */
export async function sweepAgain(memory: Pick<Memory, 'sweep'>, { expiry, clock, signal, isBusy }: SweepOptions) {
  const pause = Math.min(Math.max(expiry, SECOND), HOUR)
  for (;;) {
    await clock.sleep(pause, signal)
    if (signal.aborted) return
    await memory.sweep(isBusy)
  }
}
