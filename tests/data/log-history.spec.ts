import assert from 'node:assert/strict'
import { mkdtemp, mkdir, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import FakeTimers from '@sinonjs/fake-timers'
import type { Clock } from '@sinonjs/fake-timers'
import { until } from 'common/testing'
import { Logger } from 'koishi'
import { isStorageError, LogHistory } from '../../bin/instance/data/log-history'

const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })

describe('LogHistory', () => {
  let folder: string
  let clock: Clock & { uninstall(): void }
  let lines: string[]
  let reloads: number
  let history: LogHistory
  const target = { record: () => {} }
  const terminal = { print: () => {} }

  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'log-history-')), 'logs')
    clock = FakeTimers.install({ toFake: ['setInterval', 'clearInterval'] })
    lines = []
    reloads = 0
    history = new LogHistory({ folder, print: (zh, en) => lines.push(en), reload: () => reloads++ })
    Logger.targets.push(terminal, target)
  })
  afterEach(async () => {
    history.stop()
    clock.uninstall()
    for (const each of [terminal, target]) {
      if (Logger.targets.includes(each)) Logger.targets.splice(Logger.targets.indexOf(each), 1)
    }
    await rm(join(folder, '..'), { recursive: true })
  })

  /** Waits for a probe, which writes a real file, and for what it leads to. */
  async function probe(isMet?: () => unknown) {
    clock.tick(10_000)
    if (isMet) await until(isMet)
    else await new Promise(resolve => setTimeout(resolve, 50))
  }

  it('removes the file target, prints one notice and keeps the terminal', () => {
    for (let count = 0; count < 1000; count++) history.pause(full)
    assert.ok(!Logger.targets.includes(target))
    assert.ok(Logger.targets.includes(terminal))
    assert.deepEqual(lines.length, 1)
    assert.match(lines[0], /cannot write log files \(ENOSPC\)/)
  })

  it('restarts the file target when the folder can be written, and leaves no file', async () => {
    history.pause(full)
    await probe()
    assert.equal(reloads, 0, 'the folder is missing')
    assert.ok(history.isPaused)
    await mkdir(folder)
    await probe(() => reloads)
    assert.equal(reloads, 1)
    assert.ok(!history.isPaused)
    assert.match(lines[1], /again/)
    assert.deepEqual(await readdir(folder), [])
    await probe()
    assert.equal(reloads, 1)
  })

  it('does not pause again for the error that the plugin repeats when its file is closed', async () => {
    await mkdir(folder)
    history.pause(full)
    await probe(() => reloads)
    history.pause(full)
    assert.ok(!history.isPaused)
    history.pause(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }))
    assert.ok(history.isPaused)
  })

  it('distinguishes disk errors from others', () => {
    for (const code of ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO']) assert.ok(isStorageError({ code }, folder), code)
    assert.ok(isStorageError({ code: 'EACCES', path: join(folder, 'x.log') }, folder))
    for (const other of [undefined, null, 'text', {}, new Error('x'), { code: 'ECONNREFUSED' }, { code: 'ENOENT', path: '/etc/x' }]) {
      assert.ok(!isStorageError(other, folder))
    }
  })
})
