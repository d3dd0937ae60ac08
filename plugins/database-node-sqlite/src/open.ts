import type { Config } from './config'
import type { DatabaseSync, SqlValue } from './node-sqlite'
import { loadNodeSqlite } from './node-sqlite'

/** A process that ends, or the plugin as it was before a reload, gives the file back within this time. */
const LOCK_TIMEOUT_MS = 5_000
const LOCK_RETRY_MS = 20

/**
 * Opens a database file for this process alone. Waits while another connection is being closed.
 * @throws an `Error` that says what to do: where Node has no SQLite, where another process uses the file, and where it
 * cannot be opened
 * @see https://www.sqlite.org/pragma.html
 */
export async function openDatabase(path: string, options: Pick<Config, 'durability'>): Promise<DatabaseSync> {
  for (const start = performance.now(); ;) {
    try {
      return tryToOpen(path, options)
    } catch (error) {
      if (!isLocked(error) || performance.now() - start > LOCK_TIMEOUT_MS) throw explain(path, error)
    }
    await new Promise(resolve => setTimeout(resolve, LOCK_RETRY_MS))
  }
}

/** @throws SQLite's error */
function tryToOpen(path: string, { durability }: Pick<Config, 'durability'>): DatabaseSync {
  const { DatabaseSync } = loadNodeSqlite()
  const database = new DatabaseSync(path)
  try {
    // The lock is kept from the first write on, and the index of the log in memory instead of a file.
    database.exec('PRAGMA locking_mode = exclusive')
    database.exec('PRAGMA journal_mode = wal')
    database.exec(`PRAGMA synchronous = ${durability}`)
    database.exec('BEGIN IMMEDIATE; COMMIT')
  } catch (error) {
    database.close()
    throw error
  }
  defineFunctions(database)
  return database
}

/**
 * Closes the file so that any SQLite can read it, also one without write-ahead log.
 * @throws SQLite's error where the log cannot be written back; the file is closed all the same
 */
export function closeDatabase(database: DatabaseSync) {
  try {
    database.exec('PRAGMA journal_mode = delete')
  } finally {
    database.close()
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && /locked|busy/i.test(error.message)
}

function explain(path: string, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error)
  const cure = isLocked(error)
    ? 'another process uses it: stop that process, or give each its own file'
    : /unable to open|readonly|not a database|malformed/i.test(reason)
      ? `${reason}: check that the folder exists, that this user may write there, and that the file is an SQLite database`
      : reason
  return new Error(`could not open the database ${path}: ${cure}`, { cause: error })
}

/** The functions that the statements of the SQLite driver call. */
function defineFunctions(database: DatabaseSync) {
  const matches = (pattern: SqlValue, text: SqlValue, flags?: SqlValue) => {
    return text === null ? 0 : Number(new RegExp(String(pattern), flags ? String(flags) : undefined).test(String(text)))
  }
  const fixed = { deterministic: true }
  database.function('regexp', fixed, (pattern, text) => matches(pattern!, text!))
  database.function('regexp2', fixed, (pattern, text, flags) => matches(pattern!, text!, flags))
  database.function('json_array_contains', fixed, (array, value) => {
    return Number((JSON.parse(String(array)) as unknown[]).includes(JSON.parse(String(value))))
  })
  database.function('modulo', fixed, (left, right) => Number(left) % Number(right))
  database.function('rand', {}, () => Math.random())
}
