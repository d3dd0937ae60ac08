// Preloaded into the instance: the worker writes the files of all loaded modules to $LOADED_MODULES, at its first
// answer and when it ends.

const { writeFileSync } = require('node:fs')
const http = require('node:http')

const file = process.env.LOADED_MODULES

function write(moment) {
  writeFileSync(`${file}.${moment}`, JSON.stringify(Object.keys(require.cache)))
}

if (file && process.send) {
  const { emit } = http.Server.prototype
  http.Server.prototype.emit = function(event, ...args) {
    if (event === 'request') {
      http.Server.prototype.emit = emit
      args[1].once('finish', () => write('first-answer'))
    }
    return emit.call(this, event, ...args)
  }
  process.on('exit', () => write('end'))
}
