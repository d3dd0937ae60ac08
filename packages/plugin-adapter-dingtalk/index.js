// The stock package, unmodified.
module.exports = require('@satorijs/adapter-dingtalk')
