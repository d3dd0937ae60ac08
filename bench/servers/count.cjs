/**
 * Preloaded into the instance: counts the statements that reach SQLite and the proxies that are created, and writes
 * both numbers to a file when the process receives SIGUSR2.
 */

/* eslint-disable @typescript-eslint/no-require-imports */
const { renameSync, writeFileSync } = require('node:fs')
const Module = require('node:module')

const file = process.env.BENCH_COUNTS
let statements = 0
let proxies = 0

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
        // `SELECT changes()` and the like belong to the statement before.
        if (!/^select (?:changes|last_insert_rowid)\(/i.test(sql)) statements++
        return method.call(this, sql, ...args)
      }
    }
  }
  return exports
}

function write() {
  writeFileSync(`${file}.part`, JSON.stringify({ statements, proxies }))
  renameSync(`${file}.part`, file)
}

if (file && process.send) process.on('SIGUSR2', write)
