import { setImmediate } from 'node:timers/promises'

/**
 * Goes through rows that are removed or changed so that they are not read again, a few at a time.
 * @param read gives the next rows, and none at the end
 * @throws what `read` and `handle` throw, and an `Error` where rows are read again: a database that takes no change
 * would be asked without end
 */
export async function eachSlice<T>(
  read: () => Promise<T[]>, handle: (rows: T[]) => Promise<unknown>,
): Promise<void> {
  let previous = ''
  for (;;) {
    const rows = await read()
    if (!rows.length) return
    const slice = JSON.stringify(rows)
    if (slice === previous) throw new Error('the database still has rows that were removed or changed')
    previous = slice
    await handle(rows)
    await setImmediate()
  }
}
