import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import { googleQuotaCalendar } from '../../src/engine/gemini/quota-calendar'
import { EngineError } from '../../src/engine/error'
import { parseKeys, KeyPool } from '../../src/model/key-pool'

describe('parseKeys', () => {
  const read = (apiKeys: unknown[]) => {
    return parseKeys({ apiKeys: apiKeys as never }).map(({ secret, bucket, position }) => `${position} ${secret} ${bucket}`)
  }

  it('takes single keys, lists in one string, and missing entries', () => {
    assert.deepEqual(read(['a, b', '', ' c ', undefined, null, 'a']), ['1 a #1', '2 b #2', '3 c #3'])
  })

  it('takes buckets', () => {
    const apiKeys = [{ key: 'a,b', bucket: ' p ' }, 'c', { key: 'd' }, { key: '', bucket: 'q' }]
    assert.deepEqual(read(apiKeys), ['1 a p', '2 b p', '3 c #3', '4 d #4'])
  })

  it('takes keys of any form', () => {
    assert.deepEqual(read(['AIzaSy', 'AQ.x', 'whatever']).length, 3)
  })
})

describe('KeyPool', () => {
  let now: number
  let keyPool: KeyPool

  beforeEach(() => {
    now = Date.parse('2026-11-22T12:00:00Z')
    keyPool = new KeyPool(parseKeys({ apiKeys: [{ key: 'secret-of-key-one-1111', bucket: 'a' }, 'k2'] }), { now: () => now, monotonic: () => now }, googleQuotaCalendar)
  })

  const error = (kind: 'rate' | 'quota-day', details = {}) => new EngineError(kind, '', details)
  const picked = (model = 'm') => keyPool.pick(model)?.position

  it('picks the first key with quota', () => {
    assert.equal(picked(), 1)
    keyPool.markExhausted(keyPool.keys[0], 'm', error('rate', { retryAfter: 1000 }))
    assert.equal(picked(), 2)
    assert.equal(picked('other'), 1)
    now += 1000
    assert.equal(picked(), 1)
  })

  it('keeps the longer of two limits', () => {
    keyPool.markExhausted(keyPool.keys[0], 'm', error('quota-day'))
    keyPool.markExhausted(keyPool.keys[0], 'm', error('rate', { retryAfter: 1000 }))
    now += 2000
    assert.equal(picked(), 2)
  })

  it('ends short limits and refusals in time whichever way the clock is set', async () => {
    for (const step of [3_600_000, -3_600_000]) {
      const clock = new FakeClock()
      const pool = new KeyPool(parseKeys({ apiKeys: ['k1'] }), clock, googleQuotaCalendar)
      const isRefused = () => pool.status()[0].refused
      pool.markExhausted(pool.keys[0], 'm', error('rate', { retryAfter: 5000 }))
      pool.markRefused(pool.keys[0])
      clock.step(step)
      assert.equal(pool.pick('m'), undefined)
      assert.equal(pool.nextReset(['m'])?.until, clock.now() + 5000)
      await clock.advance(5000)
      assert.equal(pool.pick('m')?.position, 1)
      assert.equal(isRefused(), true)
      await clock.advance(3_595_000)
      assert.equal(isRefused(), false)
    }
  })

  it('tells when the next quota resets', () => {
    assert.equal(keyPool.nextReset(['m']), undefined)
    keyPool.markExhausted(keyPool.keys[0], 'm', error('quota-day'))
    assert.equal(keyPool.nextReset(['m']), undefined)
    keyPool.markExhausted(keyPool.keys[1], 'm', error('rate', { retryAfter: 5000 }))
    assert.equal(keyPool.pick('m'), undefined)
    assert.deepEqual(keyPool.nextReset(['m'])?.until, now + 5000)
    assert.equal(keyPool.nextReset(['m', 'other']), undefined)
    now += 5000
    assert.equal(picked(), 2)
  })

  it('picks refused keys last, until they are accepted', () => {
    assert.equal(keyPool.markRefused(keyPool.keys[0]), true)
    assert.equal(keyPool.markRefused(keyPool.keys[0]), false)
    assert.equal(picked(), 2)
    keyPool.markAccepted(keyPool.keys[0])
    assert.equal(picked(), 1)
  })

  it('counts requests per key and quota day', () => {
    keyPool.count(keyPool.keys[0])
    keyPool.count(keyPool.keys[0])
    keyPool.count(keyPool.keys[0], true)
    const counts = () => keyPool.status().map(({ requests, failures }) => [requests, failures])
    assert.deepEqual(counts(), [[2, 1], [0, 0]])
    now += 86_400_000
    assert.deepEqual(counts(), [[0, 0], [0, 0]])
    keyPool.count(keyPool.keys[0])
    assert.deepEqual(counts(), [[1, 0], [0, 0]])
  })

  it('reports the state of keys without the keys', () => {
    keyPool.markExhausted(keyPool.keys[0], 'm', error('quota-day', { quota: 'RequestsPerDayPerProjectPerModel' }))
    keyPool.markRefused(keyPool.keys[1])
    const [first, second] = keyPool.status()
    assert.deepEqual([first.tail, first.bucket, first.refused], ['1111', 'a', false])
    assert.deepEqual(first.exhausted, [{ model: 'm', until: Date.parse('2026-11-23T08:00:00Z'), kind: 'quota-day' }])
    assert.deepEqual([second.tail, second.bucket, second.refused, second.exhausted], ['', '#2', true, []])
    assert.doesNotMatch(JSON.stringify(keyPool.status()), /secret|k2/)
  })
})
