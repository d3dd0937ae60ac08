import { SerialQueue } from 'common/async'
import type { Context } from 'koishi'
import type { Clock } from 'common/time'
import type { RowAccess } from '../row-access'

const FLUSH_INTERVAL_MS = 1000
/** Most rows of one statement: some drivers compare every row with every other. */
const BATCH_SIZE = 32

type Database = Context['database']

export interface WriteBehindOptions<T> {
  /** Returns the rows that are due. */
  take(): T[]
  write(database: Database, rows: T[]): Promise<unknown>
  /** Called once the rows are written. */
  written?(rows: T[]): void
}

/** Collects changes of a table and writes them once a second, in batches. */
export class WriteBehind<T> {
  private timer: unknown
  private isDisposed = false
  private readonly flushes = new SerialQueue()

  constructor(readonly access: RowAccess, readonly clock: Clock, readonly options: WriteBehindOptions<T>) {}

  /** Writes within a second. */
  schedule() {
    if (this.isDisposed) return
    this.timer ??= this.clock.setTimeout(() => {
      this.timer = undefined
      void this.flush()
    }, FLUSH_INTERVAL_MS)
  }

  /** Flushes run one after the other: when this one resolves, earlier ones are written, too. */
  flush(): Promise<void> {
    return this.flushes.run('flush', () => this.flushNow())
  }

  /** Writes what is due; afterwards nothing is scheduled any more. */
  dispose(): Promise<void> {
    this.isDisposed = true
    this.clock.clearTimeout(this.timer)
    return this.flush()
  }

  private async flushNow() {
    const rows = this.options.take()
    for (let start = 0; start < rows.length; start += BATCH_SIZE) {
      const batch = rows.slice(start, start + BATCH_SIZE)
      await this.access.put('', database => this.options.write(database, batch))
      // Let waiting callbacks run between batches.
      await new Promise(resolve => setImmediate(resolve))
    }
    this.options.written?.(rows)
  }
}
