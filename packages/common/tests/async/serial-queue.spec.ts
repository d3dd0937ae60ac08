import assert from 'node:assert/strict'
import { SerialQueue } from 'common/async'
import { settle } from 'common/testing'

/** Tasks that note their start and end, and end when told. */
function createTasks() {
  const log: string[] = []
  const ends = new Map<string, (error?: Error) => void>()
  const task = (name: string) => async () => {
    log.push(`${name} starts`)
    await new Promise<void>((resolve, reject) => {
      ends.set(name, error => error ? reject(error) : resolve())
    })
    log.push(`${name} ends`)
    return name
  }
  const end = async (name: string, error?: Error) => {
    ends.get(name)!(error)
    await settle()
  }
  return { log, task, end }
}

describe('SerialQueue', () => {
  it('runs tasks of one key one after the other, those of different keys in parallel', async () => {
    const queue = new SerialQueue()
    const { log, task, end } = createTasks()
    const results = [queue.run('a', task('a1')), queue.run('a', task('a2')), queue.run('b', task('b1'))]
    await settle()
    assert.deepEqual(log, ['a1 starts', 'b1 starts'])
    assert.equal(queue.size, 2)
    await end('a1')
    assert.deepEqual(log.slice(2), ['a1 ends', 'a2 starts'])
    await end('b1')
    await end('a2')
    assert.deepEqual(await Promise.all(results), ['a1', 'a2', 'b1'])
    assert.equal(queue.size, 0)
  })

  it('goes on after a task that failed, and hands out its error', async () => {
    const queue = new SerialQueue()
    const { log, task, end } = createTasks()
    const first = queue.run('a', task('a1'))
    const second = queue.run('a', task('a2'))
    await settle()
    const rejected = assert.rejects(first, /broken/)
    await end('a1', new Error('broken'))
    await rejected
    await end('a2')
    assert.equal(await second, 'a2')
    assert.deepEqual(log, ['a1 starts', 'a2 starts', 'a2 ends'])
    assert.equal(queue.size, 0)
  })

  it('lets callers wait for all tasks so far, failing ones included', async () => {
    const queue = new SerialQueue()
    await queue.whenIdle()
    const { log, task, end } = createTasks()
    queue.run('a', task('a1')).catch(() => {})
    void queue.run('b', task('b1'))
    let isIdle = false
    void queue.whenIdle().then(() => isIdle = true)
    void queue.run('c', task('c1'))
    await settle()
    await end('a1', new Error('broken'))
    assert.equal(isIdle, false)
    await end('b1')
    assert.equal(isIdle, true)
    assert.deepEqual(log, ['a1 starts', 'b1 starts', 'c1 starts', 'b1 ends'])
    await end('c1')
  })

  it('keeps nothing of keys that have ended', async () => {
    const queue = new SerialQueue()
    for (let index = 0; index < 1000; index++) await queue.run(String(index), async () => {})
    await settle()
    assert.equal(queue.size, 0)
  })
})
