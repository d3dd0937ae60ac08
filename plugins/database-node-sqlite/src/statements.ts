import type { DatabaseSync, StatementSync } from './node-sqlite'

/** Most prepared statements kept: more than the tables and the combinations of their columns need. */
const CAPACITY = 500

/** Prepared statements by their text: preparing costs more than running a small one. */
export class Statements {
  private readonly cached = new Map<string, StatementSync>()

  constructor(private readonly database: DatabaseSync) {}

  /**
   * @param isReusable whether the text has its values outside, and so will come again
   * @throws SQLite's error, for example for a table that is not there
   */
  prepare(sql: string, isReusable: boolean): StatementSync {
    if (!isReusable) return this.database.prepare(sql)
    const cached = this.cached.get(sql)
    if (cached) return cached
    const statement = this.database.prepare(sql)
    if (this.cached.size >= CAPACITY) this.cached.clear()
    this.cached.set(sql, statement)
    return statement
  }
}
