import assert from 'node:assert/strict'
import { Concurrency } from '../../src/turn/concurrency'
import { FakeClock } from 'common/testing'

const SPAN = 330_000

function createLoad(total = 3, user = 2) {
  const clock = new FakeClock()
  return { clock, load: new Concurrency({ total, user, maxAge: SPAN }, clock) }
}

describe('Concurrency', () => {
  it('limits turns per person before it limits the total', () => {
    const { load } = createLoad()
    load.add('1', 'A')
    assert.equal(load.isFull('A'), false)
    load.add('2', 'A')
    assert.equal(load.isFull('A'), true)
    assert.equal(load.isFull('B'), false)
    load.add('3', 'B')
    assert.equal(load.isFull('C'), true)
    load.release('1')
    assert.equal(load.isFull('A'), false)
    assert.equal(load.isFull('C'), false)
  })

  it('counts no turn twice and ignores unknown ids', () => {
    const { load } = createLoad()
    load.add('1', 'A')
    for (let round = 0; round < 3; round++) load.release('1')
    load.release('unknown')
    load.add('2', 'A')
    assert.equal(load.isFull('A'), false)
    load.add('3', 'A')
    assert.equal(load.isFull('A'), true)
    assert.equal(load.size, 2)
  })

  it('does not count turns that WeCom has given up', async () => {
    const { clock, load } = createLoad()
    load.add('1', 'A')
    load.add('2', 'A')
    await clock.advance(SPAN - 1)
    assert.equal(load.isFull('A'), true)
    await clock.advance(1)
    assert.equal(load.isFull('A'), false)
    assert.equal(load.size, 0)
    load.release('1')
    assert.equal(load.size, 0)
  })

  it('accepts ids that are names of object properties', () => {
    const { load } = createLoad()
    for (const id of ['__proto__', 'constructor']) {
      load.add(id, id)
      assert.equal(load.isFull(id), false)
      load.release(id)
    }
    assert.equal(load.size, 0)
  })
})
