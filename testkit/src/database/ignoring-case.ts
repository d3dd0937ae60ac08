import MemoryDriver from '@koishijs/plugin-database-memory'
import { RuntimeError, executeQuery, executeUpdate } from 'minato'
import type { Selection } from 'minato'

type Row = Record<string, unknown>
type TableSelection = Selection.Mutable & { table: string }

/** The form under which a collation such as `utf8mb4_0900_ai_ci` compares a text. */
function collate(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().trimEnd()
}

/** Collates the texts in a row or a condition; patterns, dates and names of columns stay. */
function collated<T>(value: T): T {
  if (typeof value === 'string') return collate(value) as T
  if (Array.isArray(value)) return value.map(collated) as T
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, collated(item)])) as T
}

/**
 * Koishi's database in memory, which compares text as MySQL does by default: without regard to case, accents, width and
 * trailing blanks, in conditions as in keys. Use it as a plugin in place of `@koishijs/plugin-database-memory`.
 */
export class DatabaseIgnoringCase extends MemoryDriver {
  static override name = 'memory'

  override async get(selection: Selection.Immutable) {
    return this.withMatches(selection as never, () => super.get(selection))
  }

  override async eval(selection: Selection.Immutable, expression: never) {
    return this.withMatches((selection.table ?? selection) as never, () => super.eval(selection, expression))
  }

  override async set(selection: Selection.Mutable, data: {}) {
    const rows = this.matches(selection as TableSelection)
    for (const row of rows) executeUpdate(row, data, selection.ref)
    return { matched: rows.length }
  }

  override async remove(selection: Selection.Mutable) {
    const gone = new Set(this.matches(selection as TableSelection))
    const rows = this.table(selection.table as string) as Row[]
    const kept = rows.filter(row => !gone.has(row))
    rows.splice(0, Infinity, ...kept)
    return { removed: gone.size, matched: gone.size }
  }

  override async create(selection: Selection.Mutable, data: Row) {
    const primary = [selection.model.primary].flat()
    const rows = this.table(selection.table as string) as Row[]
    const isGiven = primary.every(name => data[name] !== undefined)
    if (isGiven && rows.some(row => isSame(row, data, primary))) throw new RuntimeError('duplicate-entry')
    return super.create(selection, data)
  }

  override async upsert(selection: Selection.Mutable, data: Row[], keys: string[]) {
    const result = { inserted: 0, matched: 0 }
    for (const update of data) {
      const row = (this.table(selection.table as string) as Row[]).find(row => isSame(row, update, keys))
      if (row) {
        executeUpdate(row, update, selection.ref)
        result.matched++
      } else {
        await this.create(selection, executeUpdate(selection.model.create(), update, selection.ref) as Row)
        result.inserted++
      }
    }
    return result
  }

  private matches({ table, query, ref }: TableSelection): Row[] {
    return (this.table(table) as Row[]).filter(row => executeQuery(collated(row), collated(query), ref))
  }

  /** Runs a query of the base class, without its condition, on the rows that match it. */
  private withMatches<T>(selection: TableSelection, query: () => Promise<T>): Promise<T> {
    if (typeof selection.table !== 'string') return query()
    const { table, query: condition } = selection
    const rows = this.table(table) as Row[]
    const all = [...rows]
    rows.splice(0, Infinity, ...this.matches(selection))
    selection.query = {}
    try {
      // The base class reads the rows before it returns.
      return query()
    } finally {
      rows.splice(0, Infinity, ...all)
      selection.query = condition
    }
  }
}

function isSame(one: Row, other: Row, keys: string[]) {
  return keys.every(key => collated(one[key]) === collated(other[key]))
}

export default DatabaseIgnoringCase
