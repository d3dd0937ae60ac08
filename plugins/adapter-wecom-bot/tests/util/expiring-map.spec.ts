import assert from 'node:assert/strict'
import { ExpiringMap } from '../../src/util/expiring-map'
import { FakeClock } from '../support/clock'

describe('ExpiringMap', () => {
  it('expires old entries and evicts the oldest when it is full', async () => {
    const clock = new FakeClock()
    const map = new ExpiringMap<number>(clock, 1000, 3)
    for (let value = 0; value < 5; value++) map.set(String(value), value)
    assert.equal(map.size, 3)
    assert.deepEqual(['1', '2', '4'].map(key => map.get(key)), [undefined, 2, 4])
    map.set('2', 22)
    map.set('5', 5)
    assert.deepEqual(['2', '3', '4', '5'].map(key => map.get(key)), [22, undefined, 4, 5])
    await clock.pass(999)
    assert.equal(map.get('2'), 22)
    await clock.pass(1)
    assert.equal(map.get('2'), undefined)
    map.set('6', 6)
    assert.equal(map.size, 1)
    map.clear()
    assert.equal(map.size, 0)
    assert.equal(clock.pending, 0)
  })
})
