import type { Config as Options } from './config'
import type { DatabaseSync, SqlRow, SqlValue } from './node-sqlite'
import { access } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { SQLiteDriver } from '@minatojs/driver-sqlite'
import { Config as Schema } from './config'
import { columnTypes } from './column-types'
import { closeDatabase, openDatabase } from './open'
import { Statements } from './statements'

interface ReadOptions {
  useBigInt?: boolean
}

/** The stock SQLite driver with another SQLite below: its statements, tables and file format stay as they are. */
export class NodeSqliteDriver extends SQLiteDriver {
  static override name = 'node-sqlite'
  static override Config = Schema as never

  private connection?: DatabaseSync
  private statements!: Statements
  private lastTransaction: Promise<void> = Promise.resolve()

  /** @throws an `Error` that says what to do where the file cannot be opened */
  override async start() {
    const { path, durability } = this.config as unknown as Options
    this.path = path === ':memory:' ? path : resolve(this.ctx.baseDir, path)
    if (path !== ':memory:') {
      await access(dirname(this.path)).catch((cause) => {
        throw new Error(`could not open the database ${this.path}: its folder does not exist, create it first`, { cause })
      })
    }
    this.connection = await openDatabase(this.path, { durability })
    this.statements = new Statements(this.connection)
    for (const type of columnTypes) this.define(type)
  }

  /** Waits for one turn of the event loop, in which plugins that end with this one write their last rows. */
  override async stop() {
    await new Promise(resolve => setTimeout(resolve, 0))
    if (!this.connection) return
    try {
      closeDatabase(this.connection)
    } catch (error) {
      const reason = error instanceof Error ? error.message : error
      this.logger.warn('the write-ahead log stays beside %s until the next start: %s', this.path, reason)
    }
  }

  override _all(sql: string, params: unknown[] = [], { useBigInt = false }: ReadOptions = {}): SqlRow[] {
    const statement = this.statementOf(sql, params)
    statement.setReadBigInts(useBigInt)
    return statement.all(...params.map(toSqlValue))
  }

  override _get(sql: string, params: unknown[] = [], { useBigInt = false }: ReadOptions = {}): SqlRow {
    const statement = this.statementOf(sql, params)
    statement.setReadBigInts(useBigInt)
    return statement.get(...params.map(toSqlValue)) ?? {}
  }

  override _run<T>(sql: string, params: unknown[] = [], callback?: () => T): T | undefined {
    this.statementOf(sql, params).run(...params.map(toSqlValue))
    return callback?.()
  }

  /**
   * Runs transactions one after the other. Unlike in the stock driver, one that fails to commit or to be rolled back
   * ends: where the disk is full, SQLite has rolled it back already.
   */
  override withTransaction(callback: () => Promise<void>): Promise<void> {
    const transaction = this.lastTransaction.then(async () => {
      this._run('BEGIN TRANSACTION')
      try {
        await callback()
        this._run('COMMIT')
      } catch (error) {
        this.rollBack()
        throw error
      }
    })
    this.lastTransaction = transaction.catch(() => {})
    return transaction
  }

  private rollBack() {
    try {
      this._run('ROLLBACK')
    } catch (error) {
      if (!/no transaction is active/.test(String(error))) throw error
    }
  }

  override async stats() {
    const [{ size = 0 } = {}] = this._all('SELECT page_count * page_size AS size FROM pragma_page_count, pragma_page_size')
    const tables = this._all('SELECT name, sum(pgsize) AS size FROM dbstat '
      + 'WHERE name IN (SELECT name FROM sqlite_master WHERE type = \'table\') GROUP BY name')
    return {
      size: Number(size),
      tables: Object.fromEntries(tables.map(({ name, size }) => {
        const { count } = this._get(`SELECT count(*) AS count FROM "${String(name).replaceAll('"', '""')}"`)
        return [String(name), { count: Number(count), size: Number(size) }]
      })),
    }
  }

  private statementOf(sql: string, params: readonly unknown[]) {
    this.logger.debug('> %s', sql.replace(/'(?:[^']|'')*'/g, '\'…\''))
    return this.statements.prepare(sql, params.length > 0)
  }
}

/** Node stores a view of an empty buffer as `NULL`, one of no bytes of a larger buffer as no bytes. */
const NO_BYTES = new Uint8Array(1).subarray(0, 0)

function toSqlValue(value: unknown): SqlValue {
  if (value instanceof Uint8Array && !value.byteLength) return NO_BYTES
  if (typeof value === 'boolean') return Number(value)
  if (value === undefined) return null
  return value as SqlValue
}
