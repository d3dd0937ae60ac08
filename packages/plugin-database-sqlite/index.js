const { isBuiltin } = require('node:module')
const { withFewerStatements } = require('./fewer-statements')

// Both read and write the same file, so another version of Node.js may take over at any start.
const { default: Driver } = isBuiltin('node:sqlite')
  ? require('koishi-plugin-database-node-sqlite')
  : require('./write-ahead-log')

const SQLiteDriver = withFewerStatements(Driver)

Object.defineProperty(exports, '__esModule', { value: true })
exports.SQLiteDriver = SQLiteDriver
exports.default = SQLiteDriver
