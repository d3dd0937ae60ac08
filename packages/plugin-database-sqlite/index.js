// The stock package, unmodified.
module.exports = require('@minatojs/driver-sqlite')
