/** What of the SQLite driver makes tables with many rows. */
export interface SqliteDriver {
  _all(sql: string): Record<string, string>[]
  _run(sql: string): void
}

/** Begins a statement that selects from `numbers`, with `n` from 0. */
export function numbers(rows: number): string {
  return `WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${rows - 1})`
}

/** Inserts many rows with much memory. Indexes are made afterwards: to keep them during the insert takes minutes. */
export function fill(driver: SqliteDriver, insert: () => void) {
  const indexes = driver._all('SELECT name, sql FROM sqlite_master WHERE type = \'index\' AND sql IS NOT NULL')
  const [{ cache_size: cacheSize } = {}] = driver._all('PRAGMA cache_size')
  driver._run('PRAGMA cache_size = -200000')
  for (const { name } of indexes) driver._run(`DROP INDEX "${name}"`)
  insert()
  for (const { sql } of indexes) driver._run(sql!)
  driver._run(`PRAGMA cache_size = ${cacheSize}`)
}
