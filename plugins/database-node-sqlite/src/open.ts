import type { Config } from './config'
import type { DatabaseSync, SqlValue } from './node-sqlite'
import { loadNodeSqlite } from './node-sqlite'

/** A process that ends gives the file back within this time; a restart waits so long. */
const LOCK_TIMEOUT_MS = 5_000

/**
 * Opens a database file for this process alone.
 * @throws an `Error` that says what to do: where Node has no SQLite, where another process uses the file, and where it
 * cannot be opened
 * @see https://www.sqlite.org/pragma.html
 */
export function openDatabase(path: string, { durability }: Pick<Config, 'durability'>): DatabaseSync {
  const { DatabaseSync } = loadNodeSqlite()
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path)
    // The lock is kept from the first write on, and the index of the log in memory instead of a file.
    database.exec(`PRAGMA busy_timeout = ${LOCK_TIMEOUT_MS}`)
    database.exec('PRAGMA locking_mode = exclusive')
    database.exec('PRAGMA journal_mode = wal')
    database.exec(`PRAGMA synchronous = ${durability}`)
    database.exec('BEGIN IMMEDIATE; COMMIT')
  } catch (error) {
    database?.close()
    throw explain(path, error)
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

function explain(path: string, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error)
  const cure = /locked|busy/i.test(reason)
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
