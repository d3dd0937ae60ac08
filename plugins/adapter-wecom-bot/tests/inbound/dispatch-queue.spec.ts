import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import { DispatchQueue } from '../../src/inbound/dispatch-queue'

async function turnsOfLoop(count: number) {
  while (count--) await new Promise<void>(resolve => setImmediate(resolve))
}

describe('DispatchQueue', () => {
  let clock: FakeClock
  let queue: DispatchQueue
  let ran: (string | number)[]

  beforeEach(() => {
    clock = new FakeClock()
    queue = new DispatchQueue(clock)
    ran = []
  })

  it('runs a task at once if none has run just before', async () => {
    queue.add(() => ran.push(1))
    assert.deepEqual(ran, [1])
    await turnsOfLoop(5)
    queue.add(() => ran.push(2))
    assert.deepEqual(ran, [1, 2])
  })

  it('runs waiting tasks in order, a few turns of the event loop apart', async () => {
    for (let index = 0; index < 5; index++) {
      queue.add(() => {
        ran.push(index)
        setImmediate(() => ran.push(`turn after ${index}`))
      })
    }
    assert.deepEqual(ran, [0])
    await turnsOfLoop(40)
    assert.deepEqual(ran, [0, 1, 2, 3, 4].flatMap(index => [index, `turn after ${index}`]))
  })

  it('lets messages arrive that come one per turn of the event loop, before it runs their tasks', async () => {
    for (let index = 0; index < 8; index++) {
      queue.noteArrival()
      await turnsOfLoop(1)
      queue.add(() => ran.push(index))
      await turnsOfLoop(1)
    }
    assert.deepEqual(ran, [0])
    await turnsOfLoop(100)
    assert.equal(ran.length, 8)
  })

  it('runs a task now and then while messages keep arriving', async () => {
    for (let count = 0; count < 100; count++) {
      queue.add(() => ran.push(count))
      await turnsOfLoop(1)
    }
    assert.ok(ran.length >= 4 && ran.length <= 50, String(ran.length))
  })

  it('estimates how long a task will wait from how long the last one took', async () => {
    assert.equal(queue.delayMs, 0)
    for (let count = 0; count < 4; count++) queue.add(() => void clock.jump(20))
    await turnsOfLoop(1)
    assert.equal(queue.delayMs, 60)
    await turnsOfLoop(40)
    assert.equal(queue.delayMs, 0)
  })
})
