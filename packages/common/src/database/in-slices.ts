import { setImmediate } from 'node:timers/promises'

/**
 * A query may hold the event loop about this long; a slower one makes the next ones smaller. One over pages of the file
 * that are not in memory yet takes up to four times as long.
 */
const SLICE_CPU_MS = 5

/** A range is at most so many pieces: what a query costs besides its rows does not shrink with them. */
const MOST_PIECES = 32

/** How large the next piece is. Shared by ranges that are alike, so that each does not begin with the smallest one. */
export interface Pace {
  width: number
}

/**
 * Runs a query over a range piece by piece, so that other work gets its turn. The pieces grow while they are cheap.
 * @param query takes the first of a piece and the first after it
 * @throws what `query` throws
 */
export async function inSlices(
  total: number, query: (from: number, to: number) => Promise<void>, pace: Pace = { width: 1 },
): Promise<void> {
  const least = Math.ceil(total / MOST_PIECES)
  for (let from = 0; from < total;) {
    const width = Math.max(pace.width, least)
    const to = Math.min(from + width, total)
    const start = process.cpuUsage()
    await query(from, to)
    // On a busy machine, time passes that the query did not take.
    const { user, system } = process.cpuUsage(start)
    const cpuMs = (user + system) / 1000
    pace.width = cpuMs * 2 <= SLICE_CPU_MS ? width * 2 : cpuMs > SLICE_CPU_MS ? Math.max(least, width >> 1) : width
    from = to
    await setImmediate()
  }
}

/** Row keys are divided by their first two hexadecimal digits. */
const KEY_RANGES = 16 ** 2

/**
 * Runs a query over all row keys piece by piece.
 * @param query takes the condition for the column with the row key
 * @throws what `query` throws
 */
export function inKeyRanges(
  query: (key: { $gte: string, $lt?: string }) => Promise<void>, pace?: Pace,
): Promise<void> {
  const queryRange = (from: number, to: number) => {
    return query({ $gte: hexOf(from), ...to < KEY_RANGES && { $lt: hexOf(to) } })
  }
  return inSlices(KEY_RANGES, queryRange, pace)
}

function hexOf(range: number) {
  return range.toString(16).padStart(2, '0')
}
