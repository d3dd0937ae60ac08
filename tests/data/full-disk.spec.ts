import assert from 'node:assert/strict'
import { readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from 'common/testing'
import { Instance } from '../support/instance'

/** Lets writes to log files fail while a file `full` exists, and logs a line ten times a second. */
const fault = `
const fs = require('node:fs')
const { open } = fs.promises
fs.promises.open = async (path, ...rest) => {
  const handle = await open(path, ...rest)
  const { write } = handle
  if (String(path).includes('logs')) handle.write = async (...args) => {
    if (fs.existsSync('full')) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    return write.apply(handle, args)
  }
  return handle
}
exports.apply = (ctx) => {
  const timer = setInterval(() => ctx.logger('spec').info('one more line'), 100)
  ctx.on('dispose', () => clearInterval(timer))
}
`

describe('the log files', function() {
  this.timeout(240_000)

  let instance: Instance
  afterEach(() => instance.close())

  it('are written again when a full disk has room, after one pause', async () => {
    instance = await Instance.start({
      files: { 'fault.cjs': fault, full: '' }, plugins: '    ./fault.cjs:fault: {}\n',
      env: { NODE_OPTIONS: '--require ./fault.cjs' },
    })
    await instance.ready()
    await instance.prints('cannot write log files (ENOSPC)')
    await rm(join(instance.folder, 'full'))
    await instance.prints('log files can be written again')
    const folder = join(instance.folder, 'data/logs')
    const written = async () => {
      const names = await readdir(folder)
      return (await Promise.all(names.map(name => readFile(join(folder, name), 'utf8')))).join('')
    }
    await until(async () => (await written()).split('one more line').length > 10)
    assert.equal(instance.output.split('cannot write log files').length, 2, 'one pause')
  })
})
