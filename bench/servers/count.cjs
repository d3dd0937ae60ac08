/**
 * Preloaded into the instance: counts the statements that reach SQLite, its writes to files, and the proxies that are
 * created, and writes the numbers to a file when the process receives SIGUSR2, with the longest statement since then.
 */

/* eslint-disable @typescript-eslint/no-require-imports */
const fs = require('node:fs')
const Module = require('node:module')

const file = process.env.BENCH_COUNTS
let statements = 0
let writes = 0
let proxies = 0
let longest = { ms: 0, sql: '' }

// Only SQLite writes so: with the WebAssembly of the stock driver, not with the SQLite of Node.js.
const { renameSync, writeFileSync, writeSync } = fs
fs.writeSync = function(descriptor, ...args) {
  if (descriptor > 2) writes++
  return writeSync.call(this, descriptor, ...args)
}

const { Proxy } = globalThis
globalThis.Proxy = Object.assign(function(target, handler) {
  proxies++
  return new Proxy(target, handler)
}, { revocable: Proxy.revocable })

const { _load: load } = Module
Module._load = function(request, ...rest) {
  const exports = load.call(this, request, ...rest)
  const prototype = exports?.SQLiteDriver?.prototype
  if (prototype && !prototype.isCounted) {
    prototype.isCounted = true
    for (const name of ['_all', '_get', '_run']) {
      const method = prototype[name]
      prototype[name] = function(sql, ...args) {
        // `SELECT changes()` and the like belong to the statement before; the bounds of a transaction touch no rows.
        if (!/^(?:select (?:changes|last_insert_rowid)\(|(?:savepoint|release|rollback) )/i.test(sql)) statements++
        const before = process.cpuUsage()
        try {
          return method.call(this, sql, ...args)
        } finally {
          const { user, system } = process.cpuUsage(before)
          const ms = (user + system) / 1000
          if (ms > longest.ms) longest = { ms, sql: sql.replace(/\s+/g, ' ').replace(/^(.{60}).*(?=.{120}$)/, '$1 … ') }
        }
      }
    }
  }
  return exports
}

function write() {
  writeFileSync(`${file}.part`, JSON.stringify({ statements, writes, proxies, longest }))
  longest = { ms: 0, sql: '' }
  renameSync(`${file}.part`, file)
}

if (file && process.send) process.on('SIGUSR2', write)
