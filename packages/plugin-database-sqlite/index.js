const { isBuiltin } = require('node:module')

// Both read and write the same file, so another version of Node.js may take over at any start.
module.exports = isBuiltin('node:sqlite') ? require('koishi-plugin-database-node-sqlite') : require('./write-ahead-log')
