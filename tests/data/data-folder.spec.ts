import assert from 'node:assert/strict'
import { mkdir, readFile, readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Instance, root } from '../support/instance'

const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

describe('the data folder', function() {
  this.timeout(240_000)

  let instance: Instance, config: string
  before(async () => {
    config = await readFile(join(root, 'koishi.yml'), 'utf8')
  })
  afterEach(() => instance.close())

  it('is only readable by its owner, including its content', async () => {
    instance = await (await Instance.start()).ready()
    const folder = join(instance.folder, 'data')
    assert.equal(await mode(folder), '700')
    assert.equal(await mode(join(folder, 'koishi.db')), '600')
    for (const name of await readdir(join(folder, 'logs'))) assert.equal(await mode(join(folder, 'logs', name)), '600')
  })

  it('is restricted at the next start if it was created by an earlier version', async () => {
    instance = await (await Instance.start()).ready()
    instance.process.kill('SIGTERM')
    await instance.exited
    const old = join(instance.folder, 'data/old')
    await mkdir(old, { mode: 0o755 })
    await writeFile(join(old, 'file'), '', { mode: 0o644 })
    instance = await (await Instance.start({ after: instance })).ready()
    assert.equal(await mode(old), '700')
    assert.equal(await mode(join(old, 'file')), '600')
  })

  it('is locked by one process: a second one exits and names the first', async () => {
    instance = await (await Instance.start()).ready()
    const worker = await instance.workerPid()
    const second = await Instance.start({ after: instance })
    assert.equal(await second.exited, 78)
    assert.match(second.output, new RegExp(`正被另一个进程（pid ${worker}）使用`))
    assert.match(second.output, /stop it first/)
    assert.equal((await instance.get('/api/wecom/callback')).status, 404)
  })

  for (const [name, place] of [
    ['the data folder of another instance', (other: Instance) => join(other.folder, 'data/koishi.db')],
    ['a folder of its own', (other: Instance) => join(other.folder, 'elsewhere.db')],
  ] as const) {
    it(`does not hold the database file: one in ${name} is used by one process, too`, async () => {
      const withPath = (path: string) => ({ files: { 'koishi.yml': config.replace('data/koishi.db', path) } })
      instance = await (await Instance.start()).ready()
      const path = place(instance)
      if (path.endsWith('elsewhere.db')) {
        instance.process.kill('SIGTERM')
        await instance.exited
        await writeFile(join(instance.folder, 'data/koishi.yml'), config.replace('data/koishi.db', path))
        instance = await (await Instance.start({ after: instance })).ready()
      }
      const worker = await instance.workerPid()
      const second = await Instance.start(withPath(path))
      try {
        assert.equal(await second.exited, 78, second.output)
        assert.ok(second.output.includes(`数据库文件 ${path} 正被另一个进程（pid ${worker}）使用`), second.output)
        assert.match(second.output, /each instance needs a SQLite file of its own/)
      } finally {
        await second.close()
      }
      assert.equal(instance.code, null)
    })
  }

  it('is taken over immediately from a killed process', async () => {
    instance = await (await Instance.start()).ready()
    process.kill(await instance.workerPid(), 'SIGKILL')
    instance.process.kill('SIGKILL')
    await instance.exited
    // Until then the lock cannot become stale.
    const inAnHour = new Date(Date.now() + 3600_000)
    await utimes(join(instance.folder, 'data/instance.lock'), inAnHour, inAnHour)
    instance = await (await Instance.start({ after: instance })).ready()
    assert.doesNotMatch(instance.output, /✗/)
  })

  it('is taken over after ten seconds if the other process cannot be looked up', async () => {
    instance = await (await Instance.start()).ready()
    instance.process.kill('SIGTERM')
    await instance.exited
    const folder = join(instance.folder, 'data')
    await mkdir(join(folder, 'instance.lock'))
    await writeFile(join(folder, 'instance.json'), JSON.stringify({ pid: 1, startedAt: '1', namespace: 'elsewhere' }))
    instance = await (await Instance.start({ after: instance })).ready()
    assert.doesNotMatch(instance.output, /✗/)
  })
})
