import assert from 'node:assert/strict'
import { settle } from 'common/testing'
import { SerialTasks } from '../../src/util/serial-tasks'

describe('SerialTasks', () => {
  it('runs the tasks of a key in order, past those that fail, and those of other keys beside them', async () => {
    const tasks = new SerialTasks()
    const log: string[] = []
    let open = () => {}
    const gate = new Promise<void>((resolve) => { open = resolve })
    const first = tasks.run('a', async () => {
      await gate
      log.push('a1')
      throw new Error('failed')
    })
    const second = tasks.run('a', async () => log.push('a2'))
    await tasks.run('b', async () => log.push('b1'))
    assert.deepEqual(log, ['b1'])
    open()
    await assert.rejects(first, /failed/)
    await second
    assert.deepEqual(log, ['b1', 'a1', 'a2'])
  })

  it('keeps nothing of keys that are idle', async () => {
    const tasks = new SerialTasks()
    await tasks.run('a', async () => {})
    await settle()
    assert.equal((tasks as unknown as { last: Map<string, unknown> }).last.size, 0)
  })
})
