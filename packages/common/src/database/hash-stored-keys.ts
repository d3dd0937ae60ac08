import type { Context, Keys, Tables } from 'koishi'
import { isRowKey } from './row-key'

export interface StoredKeys<K extends Keys<Tables>> {
  table: K
  /** The text column that holds row keys, and in rows of earlier versions the ids as they came. */
  column: Keys<Tables[K]> & string
  /** The row key of a row, from its old key and its other columns. */
  keyOf(row: Tables[K]): string
}

/** Rows changed before other work gets its turn. */
const SLICE_ROWS = 20

/**
 * Replaces the keys that an earlier version stored as they came by row keys. It may be interrupted at any point and run
 * again: of a primary key the new row is written before the old one is removed.
 * @returns how many rows it changed
 * @throws what the database throws, and an `Error` where the database does not take the change
 */
export async function hashStoredKeys<K extends Keys<Tables>>(
  database: Context['database'], { table, column, keyOf }: StoredKeys<K>,
): Promise<number> {
  const primary = [database.tables[table].primary].flat() as string[]
  const query = { $not: { [column]: { $regex: /^[0-9a-f]{64}$/ } } }
  let changed = 0
  let previous = ''
  for (;;) {
    const rows = await database.get(table, query as never, { limit: SLICE_ROWS }) as Tables[K][]
    if (!rows.length) return changed
    const slice = JSON.stringify(rows.map(row => primary.map(name => row[name as never])))
    if (slice === previous) throw new Error(`table ${table} still has its old keys after they were replaced`)
    previous = slice
    for (const row of rows) {
      const key = keyOf(row)
      if (!isRowKey(key)) throw new Error(`table ${table}: the new key of a row is no row key`)
      const identity = Object.fromEntries(primary.map(name => [name, row[name as never]]))
      if (primary.includes(column)) {
        await database.upsert(table, [{ ...row, [column]: key }] as never)
        await database.remove(table, identity as never)
      } else {
        await database.set(table, identity as never, { [column]: key } as never)
      }
    }
    changed += rows.length
    await new Promise(setImmediate)
  }
}
