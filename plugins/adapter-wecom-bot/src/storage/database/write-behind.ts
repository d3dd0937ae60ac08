import { SerialQueue } from 'common/async'
import type { Context } from 'koishi'
import type { Clock } from 'common/time'
import type { RowAccess } from '../row-access'

/** From the first change until the changes so far are written. */
const FLUSH_DELAY_MS = 100
/** A change that is older than this and not written is late. The flush itself takes time, too. */
const LATE_AFTER_MS = 200
/** A change that is older than this will probably not be written at all. */
const LOST_AFTER_MS = 2000
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

/** Collects changes of a table and writes them in batches, `FLUSH_DELAY_MS` after the first one. */
export class WriteBehind<T> {
  private timer: unknown
  private isDisposed = false
  private readonly flushes = new SerialQueue()
  /** When the oldest change came that waits for a flush, or is being written. */
  private waitingSince?: number
  private writingSince?: number

  constructor(readonly access: RowAccess, readonly clock: Clock, readonly options: WriteBehindOptions<T>) {}

  /**
   * Changes are not written in time. `false` while the database fails or does not answer: then nothing would be gained
   * by waiting for it.
   */
  get isLate(): boolean {
    const since = this.writingSince ?? this.waitingSince
    if (since === undefined) return false
    const age = this.clock.monotonic() - since
    return age > LATE_AFTER_MS && age < LOST_AFTER_MS
  }

  /** Writes soon. */
  schedule() {
    this.waitingSince ??= this.clock.monotonic()
    if (this.isDisposed) return
    this.timer ??= this.clock.setTimeout(() => {
      this.timer = undefined
      void this.flush()
    }, FLUSH_DELAY_MS)
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
    this.writingSince = this.waitingSince
    this.waitingSince = undefined
    const rows = this.options.take()
    for (let start = 0; start < rows.length; start += BATCH_SIZE) {
      const batch = rows.slice(start, start + BATCH_SIZE)
      await this.access.put('', database => this.options.write(database, batch))
      // Let waiting callbacks run between batches.
      await new Promise(resolve => setImmediate(resolve))
    }
    this.writingSince = undefined
    this.options.written?.(rows)
  }
}
