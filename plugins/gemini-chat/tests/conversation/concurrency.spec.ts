import assert from 'node:assert/strict'
import { ConcurrencyLimits } from '../../src/conversation/concurrency'

describe('ConcurrencyLimits', () => {
  function enter(caps: ConcurrencyLimits, person: string) {
    const leave = caps.acquire(person)
    return typeof leave === 'string' ? leave : leave
  }

  it('limits questions per person and in total', () => {
    const caps = new ConcurrencyLimits({ total: 3, each: 2 })
    const first = enter(caps, 'alice')
    enter(caps, 'alice')
    assert.equal(enter(caps, 'alice'), 'each')
    enter(caps, 'bob')
    assert.equal(enter(caps, 'carol'), 'total')
    assert.ok(typeof first === 'function')
    first()
    assert.equal(typeof enter(caps, 'carol'), 'function')
    assert.equal(enter(caps, 'alice'), 'total')
  })

  it('limits nothing with 0', () => {
    const caps = new ConcurrencyLimits({ total: 0, each: 0 })
    for (let index = 0; index < 100; index++) assert.equal(typeof caps.acquire('alice'), 'function')
  })
})
