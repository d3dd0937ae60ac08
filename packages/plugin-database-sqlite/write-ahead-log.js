const { SQLiteDriver } = require('@minatojs/driver-sqlite')

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
