const { existsSync } = require('node:fs')
const { join } = require('node:path')

/** The console serves files below `node_modules` only, where npm links to this folder. */
function clientFolder() {
  const folders = require.resolve.paths('settings-form').map(folder => join(folder, 'settings-form', 'client'))
  return folders.find(existsSync)
}

exports.name = 'settings-form'
exports.inject = ['console']

/** Adds `client/` to the pages of the console. */
exports.apply = (ctx) => {
  const folder = clientFolder()
  ctx.console.addEntry({ dev: folder, prod: folder })
}
