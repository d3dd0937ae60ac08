import { randomUUID } from 'node:crypto'
import type { Context, Keys, Tables } from 'koishi'
import { LruMap } from '../collections'

export interface CountedRowsOptions<K extends Keys<Tables>, C extends string> {
  /** Its primary key is the column `key`. */
  table: K
  /** The columns that are counted. Together, all others say what is counted. */
  counts: readonly C[]
  /** Most rows that are remembered. What is counted for a forgotten one begins another row. */
  capacity: number
}

/** Rows written with one query. */
const SLICE_ROWS = 32

interface OwnRow {
  row: Record<string, unknown>
  /** Whether the row is in the database; `unsure` after a failure. */
  state: 'new' | 'stored' | 'unsure'
}

/**
 * The rows of counts that this process writes. Each process has rows of its own, because reading, adding and writing
 * back loses counts of others; the sum of the rows is the count. They hold whole counts, so that a row that is written
 * again, after a failure for instance, counts nothing twice.
 */
export class CountedRows<K extends Keys<Tables>, C extends keyof Tables[K] & string> {
  private readonly rows: LruMap<string, OwnRow>
  private readonly dirty = new Set<OwnRow>()

  constructor(private readonly options: CountedRowsOptions<K, C>) {
    this.rows = new LruMap(options)
  }

  /** Adds to the row of a place; the columns of `place` are always in the same order. */
  add(place: Omit<Tables[K], C | 'key'>, counts: Record<C, number>) {
    const id = JSON.stringify(Object.values(place))
    let own = this.rows.get(id)
    if (!own) {
      const none = Object.fromEntries(this.options.counts.map(name => [name, 0]))
      this.rows.set(id, own = { row: { ...place, ...none, key: randomUUID() }, state: 'new' })
    }
    for (const name of this.options.counts) own.row[name] = own.row[name] as number + counts[name]
    this.dirty.add(own)
  }

  /**
   * Writes what has changed.
   * @throws what the database throws; the rest is written next time
   */
  async write(database: Context['database']) {
    const changed = [...this.dirty]
    for (let from = 0; from < changed.length; from += SLICE_ROWS) {
      const slice = changed.slice(from, from + SLICE_ROWS)
      for (const own of slice) this.dirty.delete(own)
      try {
        await this.store(database, slice)
        for (const own of slice) own.state = 'stored'
      } catch (error) {
        for (const own of slice) {
          own.state = 'unsure'
          if (this.dirty.size < this.options.capacity) this.dirty.add(own)
        }
        throw error
      }
    }
  }

  private async store(database: Context['database'], slice: readonly OwnRow[]) {
    const { table, counts } = this.options
    const upsert = () => database.upsert(table, slice.map(({ row }) => ({ ...row })) as never, 'key' as never)
    if (slice.length > 1) return upsert()
    const [{ state, row }] = slice as [OwnRow]
    switch (state) {
      case 'new': return database.create(table, { ...row } as never)
      case 'stored': {
        const changes = Object.fromEntries(counts.map(name => [name, row[name]]))
        const { matched } = await database.set(table, { key: row.key } as never, changes as never)
        return matched ? undefined : upsert()
      }
      case 'unsure': return upsert()
      default: return state satisfies never
    }
  }
}
