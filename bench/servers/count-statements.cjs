/**
 * Preloaded into the instance: counts the statements that reach SQLite, and writes their number to a file when the
 * process receives SIGUSR2.
 */

/* eslint-disable @typescript-eslint/no-require-imports */
const { writeFileSync } = require('node:fs')
const Module = require('node:module')

const file = process.env.BENCH_STATEMENTS
let count = 0

const { _load: load } = Module
Module._load = function(request, ...rest) {
  const exports = load.call(this, request, ...rest)
  const prototype = exports?.SQLiteDriver?.prototype
  if (prototype && !prototype.isCounted) {
    prototype.isCounted = true
    for (const name of ['_all', '_get', '_run']) {
      const method = prototype[name]
      prototype[name] = function(sql, ...args) {
        // `SELECT changes()` and the like belong to the statement before.
        if (!/^select (?:changes|last_insert_rowid)\(/i.test(sql)) count++
        return method.call(this, sql, ...args)
      }
    }
  }
  return exports
}

if (file && process.send) process.on('SIGUSR2', () => writeFileSync(file, String(count)))
