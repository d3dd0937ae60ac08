import assert from 'node:assert/strict'
import { ExpiringMap } from 'common/collections'
import { FakeClock } from 'common/testing'

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
    await clock.advance(999)
    assert.equal(map.get('2'), 22)
    await clock.advance(1)
    assert.equal(map.get('2'), undefined)
    map.set('6', 6)
    assert.equal(map.size, 1)
    map.clear()
    assert.equal(map.size, 0)
    assert.equal(clock.pending, 0)
  })

  it('renews the lifetime of an entry when it is set again, not when it is read', async () => {
    const clock = new FakeClock()
    const map = new ExpiringMap<number>(clock, 1000, 3)
    map.set('read', 1)
    map.set('set', 1)
    await clock.advance(600)
    map.get('read')
    map.set('set', 2)
    await clock.advance(400)
    assert.equal(map.get('read'), undefined)
    assert.equal(map.get('set'), 2)
    assert.deepEqual([...map.values()], [2])
  })

  it('lets entries live as long whichever way the clock is set', async () => {
    for (const step of [3_600_000, -3_600_000]) {
      const clock = new FakeClock()
      const map = new ExpiringMap<number>(clock, 1000, 3)
      map.set('a', 1)
      clock.step(step)
      assert.equal(map.get('a'), 1)
      await clock.advance(1000)
      assert.equal(map.get('a'), undefined)
    }
  })

  it('evicts what was not used', () => {
    const map = new ExpiringMap<number>(new FakeClock(), 1000, 2)
    map.set('a', 1)
    map.set('b', 2)
    map.get('a')
    map.set('c', 3)
    assert.deepEqual(['a', 'b', 'c'].map(key => map.get(key)), [1, undefined, 3])
  })

  it('frees expired entries without a timer', async () => {
    const clock = new FakeClock()
    const map = new ExpiringMap<number>(clock, 1000, 100)
    for (let value = 0; value < 100; value++) {
      map.set(String(value), value)
      await clock.advance(100)
    }
    assert.ok(map.size <= 21, String(map.size))
  })
})
