import { setImmediate } from 'node:timers/promises'
import type { Context, Keys, Tables } from 'koishi'
import { isRowKey } from './row-key'

export interface StoredKeys<K extends Keys<Tables>> {
  table: K
  /** The text column that holds row keys, and in rows of earlier versions the ids as they came. */
  column: Keys<Tables[K]> & string
  /** The row key of a row, from its old key and its other columns. */
  keyOf(row: Tables[K]): string
}

/** Rows changed, and rows looked at, before other work gets its turn. */
const CHANGED_ROWS = 20
const SCANNED_ROWS = 2000

type Database = Context['database']

/**
 * Replaces the keys that an earlier version stored as they came by row keys. It may be interrupted at any point and run
 * again: of a primary key the new row is written before the old one is removed.
 * @returns how many rows it changed
 * @throws what the database throws, and an `Error` where the database does not take the change
 */
export async function hashStoredKeys<K extends Keys<Tables>>(
  database: Database, stored: StoredKeys<K>,
): Promise<number> {
  const [first] = primaryOf(database, stored.table)
  let changed = 0
  // Looking for old keys reads every row: in order of the primary key, a piece at a time.
  for (let rest: object = {}; ;) {
    const [last] = await database.get(stored.table, rest as never, {
      fields: [first], sort: { [first]: 'asc' }, limit: 1, offset: SCANNED_ROWS,
    } as never) as Record<string, unknown>[]
    const piece = last ? { $and: [rest, { [first]: { $lte: last[first] } }] } : rest
    changed += await hashKeysOf(database, stored, piece)
    if (!last) return changed
    rest = { [first]: { $gt: last[first] } }
    await setImmediate()
  }
}

/** @param piece of the table, as a condition */
async function hashKeysOf<K extends Keys<Tables>>(
  database: Database, { table, column, keyOf }: StoredKeys<K>, piece: object,
): Promise<number> {
  const primary = primaryOf(database, table)
  const query = { $and: [piece, { $not: { [column]: { $regex: /^[0-9a-f]{64}$/ } } }] }
  let changed = 0
  let previous = ''
  for (;;) {
    const rows = await database.get(table, query as never, { limit: CHANGED_ROWS }) as Tables[K][]
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
    await setImmediate()
  }
}

function primaryOf(database: Database, table: Keys<Tables>): string[] {
  return [database.tables[table].primary].flat() as string[]
}
