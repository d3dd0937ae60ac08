import { setTimeout } from 'node:timers/promises'

type Falsy = false | 0 | '' | null | undefined | void

/** How often a condition is looked at. */
const INTERVAL_MS = 5
/** Longer than anything takes on a busy machine: what has not happened by then will not happen. */
const LIMIT_MS = 60_000

/** Real time, also where a spec replaces the globals later. */
const now = performance.now.bind(performance)
const sleep = setTimeout

/**
 * Waits for what sockets, files and processes do in their own time.
 * @param look returns what is waited for; anything falsy means that it is not there yet
 * @param what names it in the error, with what helps to find the cause
 * @returns what `look` has returned
 * @throws {Error} if it has not come after `limitMs` milliseconds, by default a minute
 */
export async function until<T>(
  look: () => T | Promise<T>, what: string | (() => string) = look.toString(), limitMs = LIMIT_MS,
): Promise<Exclude<T, Falsy>> {
  for (const end = now() + limitMs; ; await sleep(INTERVAL_MS)) {
    const found = await look()
    if (found) return found as Exclude<T, Falsy>
    if (now() >= end) throw new Error(`this never came about: ${typeof what === 'string' ? what : what()}`)
  }
}
