/**
 * The part of Node's `node:sqlite` that this plugin uses. The module exists from Node 22.5, and without a flag from
 * 22.13.
 * @see https://nodejs.org/api/sqlite.html
 */
export interface NodeSqlite {
  DatabaseSync: new (path: string) => DatabaseSync
}

export interface DatabaseSync {
  exec(sql: string): void
  prepare(sql: string): StatementSync
  function(name: string, options: { deterministic?: boolean }, run: (...args: SqlValue[]) => SqlValue): void
  close(): void
}

export interface StatementSync {
  all(...params: SqlValue[]): SqlRow[]
  get(...params: SqlValue[]): SqlRow | undefined
  run(...params: SqlValue[]): { changes: number | bigint, lastInsertRowid: number | bigint }
  /** Whether integers are read as `bigint`. */
  setReadBigInts(enabled: boolean): void
}

export type SqlValue = null | number | bigint | string | Uint8Array

export type SqlRow = Record<string, SqlValue>

/** Whether this Node has SQLite without a flag. */
export function hasNodeSqlite(version = process.versions.node): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 13)
}

/** @throws an `Error` that says what to do where this Node has no SQLite */
export function loadNodeSqlite(): NodeSqlite {
  const sqlite = withoutWarning(() => process.getBuiltinModule?.('node:sqlite') as NodeSqlite | undefined)
  if (sqlite) return sqlite
  throw new Error(`Node.js ${process.versions.node} has no SQLite of its own: use Node.js 22.13 or later, `
    + 'or the plugin database-sqlite')
}

/** Node 22 warns of an experimental feature when the module is loaded, which tells an operator nothing to act on. */
function withoutWarning<T>(load: () => T): T {
  const { emitWarning } = process
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (!String(warning).includes('SQLite')) emitWarning.call(process, warning, ...rest)
  }) as typeof process.emitWarning
  try {
    return load()
  } finally {
    process.emitWarning = emitWarning
  }
}
