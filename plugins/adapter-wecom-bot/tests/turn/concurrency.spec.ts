import assert from 'node:assert/strict'
import { Load } from '../../src/turn/concurrency'
import { FakeClock } from '../support/clock'

const SPAN = 330_000

function createLoad(total = 3, user = 2) {
  const clock = new FakeClock()
  return { clock, load: new Load({ total, user, span: SPAN }, clock) }
}

describe('the load', () => {
  it('is full for a person before it is full for all', () => {
    const { load } = createLoad()
    load.enter('1', 'A')
    assert.equal(load.isFull('A'), false)
    load.enter('2', 'A')
    assert.equal(load.isFull('A'), true)
    assert.equal(load.isFull('B'), false)
    load.enter('3', 'B')
    assert.equal(load.isFull('C'), true)
    load.leave('1')
    assert.equal(load.isFull('A'), false)
    assert.equal(load.isFull('C'), false)
  })

  it('counts no turn twice, and none that it does not know', () => {
    const { load } = createLoad()
    load.enter('1', 'A')
    for (let round = 0; round < 3; round++) load.leave('1')
    load.leave('unknown')
    load.enter('2', 'A')
    assert.equal(load.isFull('A'), false)
    load.enter('3', 'A')
    assert.equal(load.isFull('A'), true)
    assert.equal(load.size, 2)
  })

  it('lets go of turns that WeCom has given up', async () => {
    const { clock, load } = createLoad()
    load.enter('1', 'A')
    load.enter('2', 'A')
    await clock.pass(SPAN - 1)
    assert.equal(load.isFull('A'), true)
    await clock.pass(1)
    assert.equal(load.isFull('A'), false)
    assert.equal(load.size, 0)
    load.leave('1')
    assert.equal(load.size, 0)
  })

  it('is not moved by names that every object has', () => {
    const { load } = createLoad()
    for (const id of ['__proto__', 'constructor']) {
      load.enter(id, id)
      assert.equal(load.isFull(id), false)
      load.leave(id)
    }
    assert.equal(load.size, 0)
  })
})
