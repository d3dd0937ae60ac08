import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Instance, root, wecom } from '../support/instance'
import type { Options } from '../support/instance'

function isAlive(pid: number) {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const polite = `
exports.apply = (ctx) => ctx.on('exit', async (signal) => {
  await new Promise(resolve => setTimeout(resolve, 50))
  console.log('said goodbye on ' + signal)
})
`
const stubborn = `
exports.apply = (ctx) => ctx.on('exit', () => {
  console.log('never done')
  return new Promise(() => setInterval(() => {}, 1000))
})
`

describe('stopping the instance', function() {
  this.timeout(30_000)

  let instance: Instance
  afterEach(() => instance.close())

  async function start(options?: Options) {
    instance = await Instance.start(options)
    await instance.ready()
    return instance
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends with code 0 within two seconds after ${signal}, once every exit listener is done`, async () => {
      await start({ env: wecom, files: { 'polite.cjs': polite }, plugins: '    ./polite.cjs:polite: {}\n' })
      instance.output = ''
      const started = Date.now()
      instance.process.kill(signal)
      assert.equal(await instance.exited, 0)
      assert.ok(Date.now() - started < 2000, `took ${Date.now() - started} ms`)
      assert.match(instance.output, new RegExp(`said goodbye on ${signal}`))
      assert.doesNotMatch(instance.output, /\[E\]|\[W\]|Error/)
    })
  }

  it('leaves koishi.yml as it is', async () => {
    await start()
    instance.process.kill('SIGTERM')
    await instance.exited
    assert.equal(await instance.file('koishi.yml'), await readFile(join(root, 'koishi.yml'), 'utf8'))
  })

  it('frees the port and leaves no process', async () => {
    await start()
    const pid = await instance.workerPid()
    instance.process.kill('SIGTERM')
    await instance.exited
    assert.ok(!isAlive(pid))
    await assert.rejects(instance.get('/'))
  })

  it('ends although the console is open in a browser', async () => {
    await start()
    const socket = await instance.upgrade('/console/status', { cookie: await instance.login() })
    instance.process.kill('SIGTERM')
    assert.equal(await instance.exited, 0)
    socket.destroy()
  })

  it('ends when both processes get the signal, as from a terminal or a service manager', async () => {
    await start({ files: { 'polite.cjs': polite }, plugins: '    ./polite.cjs:polite: {}\n' })
    const pid = await instance.workerPid()
    instance.process.kill('SIGINT')
    process.kill(pid, 'SIGINT')
    assert.equal(await instance.exited, 0)
    assert.match(instance.output, /said goodbye/)
  })

  it('takes a signal that is sent twice at a time for one, as from timeout', async () => {
    await start({ files: { 'polite.cjs': polite }, plugins: '    ./polite.cjs:polite: {}\n' })
    instance.process.kill('SIGTERM')
    instance.process.kill('SIGTERM')
    await sleep(20)
    instance.process.kill('SIGTERM')
    assert.equal(await instance.exited, 0)
    assert.match(instance.output, /said goodbye/)
  })

  it('ends at once on a second signal', async () => {
    await start({ files: { 'stubborn.cjs': stubborn }, plugins: '    ./stubborn.cjs:stubborn: {}\n' })
    instance.process.kill('SIGTERM')
    await instance.prints('never done')
    await sleep(300)
    instance.process.kill('SIGTERM')
    assert.equal(await instance.exited, 137)
  })

  it('ends the worker when the launcher is killed', async () => {
    await start({ files: { 'polite.cjs': polite }, plugins: '    ./polite.cjs:polite: {}\n' })
    const pid = await instance.workerPid()
    instance.process.kill('SIGKILL')
    await instance.exited
    for (let i = 0; i < 100 && isAlive(pid); i++) await sleep(20)
    assert.ok(!isAlive(pid))
    assert.match(instance.output, /said goodbye/)
  })

  it('ends when npm is stopped, whose shell passes no signal on', async () => {
    await start({ npm: true })
    const pid = await instance.workerPid()
    instance.process.kill('SIGTERM')
    await instance.exited
    for (let i = 0; i < 200 && isAlive(pid); i++) await sleep(20)
    assert.ok(!isAlive(pid))
    await assert.rejects(instance.get('/'))
  })
})

describe('restarting the instance', function() {
  this.timeout(60_000)

  it('starts a fresh worker when the console asks for it, after what was saved is written', async () => {
    const instance = await Instance.start({
      files: { 'restart.cjs': `
        exports.inject = ['server']
        exports.apply = (ctx) => {
          ctx.on('exit', async () => console.log('said goodbye'))
          ctx.server.get('/restart', (koa) => {
            ctx.loader.config.name = 'saved'
            ctx.loader.writeConfig()
            ctx.loader.fullReload()
            koa.body = 'ok'
          })
        }
      ` },
      plugins: '    ./restart.cjs:restart: {}\n',
    })
    try {
      await instance.ready()
      const [pid, before] = [await instance.workerPid(), await instance.file('koishi.yml')]
      const cookie = await instance.login()
      await instance.get('/restart')
      await instance.prints('said goodbye')
      instance.output = ''
      await instance.ready()
      assert.notEqual(await instance.workerPid(), pid)
      assert.equal((await instance.get('/console/', { cookie })).status, 200, 'the login outlives the restart')
      assert.equal(await instance.file('koishi.yml'), before + 'name: saved\n')
    } finally {
      await instance.close()
    }
    assert.equal(instance.code, 0)
  })

  const crash = `
    exports.inject = ['server']
    exports.apply = (ctx) => {
      ctx.on('exit', async () => console.log('said goodbye'))
      ctx.server.get('/throw', () => { setTimeout(() => { throw new Error('of another plugin') }) })
      ctx.server.get('/reject', () => { void Promise.reject(new Error('not awaited')) })
    }
  `

  it('starts again after an exception of another plugin, later and later while it goes on', async () => {
    const instance = await Instance.start({ files: { 'crash.cjs': crash }, plugins: '    ./crash.cjs:crash: {}\n' })
    try {
      await instance.ready()
      for (const delay of [1, 2]) {
        const pid = await instance.workerPid()
        await instance.get('/throw').catch(() => {})
        await instance.prints(`starts again in ${delay} s; the log above says why.`)
        assert.match(instance.output, /of another plugin/)
        assert.match(instance.output, /said goodbye/)
        instance.output = ''
        await instance.ready()
        assert.notEqual(await instance.workerPid(), pid)
      }
    } finally {
      await instance.close()
    }
    assert.equal(instance.code, 0)
  })

  it('ends at once when it is stopped between a crash and the next start', async () => {
    const instance = await Instance.start({ files: { 'crash.cjs': crash }, plugins: '    ./crash.cjs:crash: {}\n' })
    await instance.ready()
    process.kill(await instance.workerPid(), 'SIGKILL')
    await instance.prints('starts again in 1 s')
    await instance.close()
    assert.equal(instance.code, 0)
  })

  it('goes on after a rejection that is not handled, with a line in the log', async () => {
    const instance = await Instance.start({ files: { 'crash.cjs': crash }, plugins: '    ./crash.cjs:crash: {}\n' })
    try {
      await instance.ready()
      const pid = await instance.workerPid()
      await instance.get('/reject')
      await instance.prints('not awaited')
      assert.equal(await instance.workerPid(), pid)
    } finally {
      await instance.close()
    }
  })
})
