import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import { DispatchQueue } from '../../src/inbound/dispatch-queue'

const turnOfLoop = () => new Promise<void>(resolve => setImmediate(resolve))

describe('DispatchQueue', () => {
  it('runs a task at once if none is waiting', async () => {
    const queue = new DispatchQueue(new FakeClock())
    const ran: number[] = []
    queue.add(() => ran.push(1))
    assert.deepEqual(ran, [1])
    await turnOfLoop()
    queue.add(() => ran.push(2))
    assert.deepEqual(ran, [1, 2])
  })

  it('runs one task per turn of the event loop, in order', async () => {
    const queue = new DispatchQueue(new FakeClock())
    const ran: number[] = []
    for (let index = 0; index < 5; index++) queue.add(() => ran.push(index))
    for (let count = 1; count <= 5; count++) {
      assert.deepEqual(ran, [0, 1, 2, 3, 4].slice(0, count))
      await turnOfLoop()
    }
    queue.add(() => ran.push(5))
    assert.equal(ran.at(-1), 5)
  })

  it('lets input and output run between two tasks', async () => {
    const queue = new DispatchQueue(new FakeClock())
    const events: string[] = []
    for (const name of ['a', 'b', 'c']) {
      queue.add(() => {
        events.push(name)
        setImmediate(() => events.push(`after ${name}`))
      })
    }
    for (let turn = 0; turn < 4; turn++) await turnOfLoop()
    assert.deepEqual(events, ['a', 'b', 'after a', 'c', 'after b', 'after c'])
  })

  it('estimates how long a task will wait from how long the last one took', async () => {
    const clock = new FakeClock()
    const queue = new DispatchQueue(clock)
    assert.equal(queue.delayMs, 0)
    for (let count = 0; count < 4; count++) queue.add(() => void clock.jump(20))
    assert.equal(queue.delayMs, 0)
    await turnOfLoop()
    assert.equal(queue.delayMs, 40)
    for (let turn = 0; turn < 4; turn++) await turnOfLoop()
    assert.equal(queue.delayMs, 0)
  })
})
