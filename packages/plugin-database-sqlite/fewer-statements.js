const { setDirectly, upsertDirectly } = require('./direct-writes')
const { ReadCache } = require('./read-cache')

/**
 * Makes a driver for SQLite reach for the file less often: writes do not read first where they need not, and small
 * reads are answered from memory until their table is written. The file must be open in this process only.
 */
function withFewerStatements(Driver) {
  return class extends Driver {
    static name = Driver.name

    reads = new ReadCache()

    async set(selection, values) {
      return setDirectly(this, selection, values) ?? super.set(selection, values)
    }

    async upsert(selection, rows, keys) {
      return upsertDirectly(this, selection, rows, keys) ?? super.upsert(selection, rows, keys)
    }

    _all(sql, params = [], options = undefined) {
      // Only the driver's `get` reads so, and without parameters.
      if (params.length || !options?.useBigInt) return super._all(sql, params, options)
      return this.reads.read(sql, () => super._all(sql, params, options))
    }

    _run(sql, ...rest) {
      try {
        return super._run(sql, ...rest)
      } finally {
        this.reads.written(sql)
      }
    }
  }
}

module.exports = { withFewerStatements }
