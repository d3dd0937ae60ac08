import assert from 'node:assert/strict'
import { RateLimiter } from '../../src/api/rate-limiter'
import { FakeClock } from 'common/testing'
import { Random } from '../support/random'

const MINUTE = 60_000

/** A limiter, and when each task started. */
function createLimiter(limit = 20, capacity = 1000) {
  const clock = new FakeClock()
  const limiter = new RateLimiter(clock, limit, MINUTE, capacity)
  const starts: { task: number, at: number }[] = []
  const begin = clock.now()
  let tasks = 0
  const enter = () => {
    const task = tasks++
    const place = limiter.enter()
    place?.then(() => starts.push({ task, at: clock.now() - begin }), () => {})
    return place
  }
  return { clock, limiter, starts, enter }
}

describe('RateLimiter', () => {
  it('starts a full window at once, and the next task when the first leaves it', async () => {
    const { clock, limiter, starts, enter } = createLimiter()
    for (let task = 0; task < 45; task++) enter()
    await clock.advance(0)
    assert.equal(starts.length, 20)
    assert.equal(limiter.waiting, 25)
    await clock.advance(MINUTE - 1)
    assert.equal(starts.length, 20)
    await clock.advance(1)
    assert.equal(starts.length, 40)
    await clock.advance(MINUTE)
    assert.equal(starts.length, 45)
    assert.equal(limiter.waiting, 0)
    assert.equal(clock.pending, 0)
  })

  it('never exceeds the limit in any window, and keeps the order', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = new Random(seed)
      const { clock, starts, enter } = createLimiter(random.integer(1, 20))
      let entered = 0
      for (let round = 0; round < 60; round++) {
        for (let count = random.integer(0, 5); count > 0; count--, entered++) enter()
        await clock.advance(random.integer(0, 20_000))
      }
      await clock.advance(400 * MINUTE)
      assert.deepEqual(starts.map(({ task }) => task), Array.from({ length: entered }, (_, task) => task))
      for (const { at } of starts) {
        const window = starts.filter(other => other.at >= at && other.at < at + MINUTE)
        assert.ok(window.length <= 20)
      }
      assert.equal(clock.pending, 0)
    }
  })

  it('uses the free slots of an empty window', async () => {
    const { clock, starts, enter } = createLimiter(2)
    await clock.advance(10 * MINUTE)
    for (let task = 0; task < 3; task++) enter()
    await clock.advance(0)
    assert.equal(starts.length, 2)
  })

  it('refuses tasks beyond the capacity', async () => {
    const { clock, limiter, enter } = createLimiter(1, 2)
    assert.ok(enter())
    await clock.advance(0)
    assert.ok(enter() && enter())
    assert.equal(limiter.enter(), undefined)
    await clock.advance(MINUTE)
    assert.ok(enter())
  })

  it('rejects waiting and new tasks after dispose', async () => {
    const { clock, limiter } = createLimiter(1)
    await limiter.enter()
    const waiting = [limiter.enter()!, limiter.enter()!].map(place => assert.rejects(place, /disposed/))
    limiter.dispose()
    await Promise.all(waiting)
    await assert.rejects(limiter.enter()!, /disposed/)
    assert.equal(clock.pending, 0)
    assert.equal(limiter.waiting, 0)
  })
})
