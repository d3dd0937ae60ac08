const { SQLiteDriver } = require('@minatojs/driver-sqlite')

/** Prepared statements kept: more than the tables and the combinations of their columns need. */
const MAX_STATEMENTS = 500

/** Statements without values that belong to every write. */
const ABOUT_THE_LAST_WRITE = new Set(['SELECT changes() AS count', 'SELECT last_insert_rowid() AS id'])

/** When the plugin is reloaded, the new driver starts before the old one has closed the file. */
const LOCK_TIMEOUT_MS = 5_000
const LOCK_RETRY_MS = 20

/**
 * The stock driver with a write-ahead log: a write costs half, since no journal file is made and deleted for each. The
 * log is only for one process at a time, which the lock of the data folder sees to.
 * @see https://www.sqlite.org/wal.html#noshm
 */
class SQLiteDriverWithLog extends SQLiteDriver {
  static name = SQLiteDriver.name

  lastTransaction = Promise.resolve()

  /** By their text. Preparing a small one costs as much as running it. */
  statements = new Map()

  async start() {
    await super.start()
    if (this.path === ':memory:') return
    for (const start = performance.now(); !this.takeFile();) {
      if (performance.now() - start > LOCK_TIMEOUT_MS) {
        this.db.close()
        throw new Error(`could not open the database ${this.path}: something else in this process uses it`)
      }
      await new Promise(resolve => setTimeout(resolve, LOCK_RETRY_MS))
    }
  }

  /** @returns whether the file is not in use, and was locked for this connection */
  takeFile() {
    try {
      // The lock comes first, or the log would need memory that is shared between processes.
      this.db.exec('PRAGMA locking_mode = exclusive')
      this.db.exec('PRAGMA journal_mode = wal')
      return true
    } catch (error) {
      if (/locked|busy/i.test(error.message)) return false
      throw error
    }
  }

  /** Keeps statements whose values are parameters: their texts come again. The stock driver prepares each one anew. */
  _exec(sql, params, callback) {
    if (!params.length && !ABOUT_THE_LAST_WRITE.has(sql)) return super._exec(sql, params, callback)
    try {
      const statement = this.prepareOnce(sql)
      try {
        const result = callback(statement)
        this.logger.debug('> %s', sql, params)
        return result
      } finally {
        // Otherwise it would go on reading, and forbid others to commit.
        statement.reset()
      }
    } catch (error) {
      this.logger.warn('> %s', sql, params)
      throw error
    }
  }

  prepareOnce(sql) {
    const known = this.statements.get(sql)
    if (known) return known
    if (this.statements.size >= MAX_STATEMENTS) {
      for (const statement of this.statements.values()) statement.free()
      this.statements.clear()
    }
    const statement = this.db.prepare(sql)
    this.statements.set(sql, statement)
    return statement
  }

  /**
   * Runs transactions one after the other. In the stock driver, one that fails to commit or to be rolled back never
   * ends, nor do those after it: where the disk is full, SQLite has rolled it back already.
   */
  withTransaction(callback) {
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

  rollBack() {
    try {
      this._run('ROLLBACK')
    } catch (error) {
      if (!/no transaction is active/.test(error.message)) throw error
    }
  }

  async stop() {
    await new Promise(resolve => setTimeout(resolve, 0))
    try {
      // Any SQLite can open the file then, and no log is left beside it.
      if (this.db && this.path !== ':memory:') this._all('PRAGMA journal_mode = delete')
    } catch (error) {
      this.logger.warn('the write-ahead log stays beside %s until the next start: %s', this.path, error.message)
    }
    await super.stop()
  }
}

Object.defineProperty(exports, '__esModule', { value: true })
exports.SQLiteDriver = SQLiteDriverWithLog
exports.default = SQLiteDriverWithLog
