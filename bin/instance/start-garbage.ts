import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Long enough for the first people who have waited for the restart. */
const DELAY_MS = 5_000

/**
 * Collects the garbage of the start once, which Node keeps until it needs the memory: about 18 MB. The collection takes
 * tens of milliseconds.
 */
export function collectStartGarbage() {
  setTimeout(() => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    collect()
  }, DELAY_MS).unref()
}
