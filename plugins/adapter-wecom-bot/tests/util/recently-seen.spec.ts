import assert from 'node:assert/strict'
import { RecentlySeen } from '../../src/util/recently-seen'
import { FakeClock } from 'common/testing'

const SPAN = 600_000

describe('RecentlySeen', () => {
  it('remembers a key for at least its span, and at most twice that', async () => {
    for (const offset of [0, 1, SPAN / 2, SPAN - 1]) {
      const clock = new FakeClock()
      const replays = new RecentlySeen(clock, SPAN)
      replays.seen('other')
      await clock.advance(offset)
      assert.equal(replays.seen('A'), false)
      await clock.advance(SPAN - 1)
      assert.equal(replays.seen('A'), true, String(offset))
    }
    const clock = new FakeClock()
    const replays = new RecentlySeen(clock, SPAN)
    replays.seen('A')
    await clock.advance(3 * SPAN)
    assert.equal(replays.seen('A'), false)
  })

  it('remembers a key that keeps occurring', async () => {
    const clock = new FakeClock()
    const replays = new RecentlySeen(clock, SPAN)
    replays.seen('A')
    for (let round = 0; round < 20; round++) {
      await clock.advance(SPAN / 2)
      assert.equal(replays.seen('A'), true)
    }
  })

  it('forgets a key on request', async () => {
    const clock = new FakeClock()
    const replays = new RecentlySeen(clock, SPAN)
    for (const delay of [0, SPAN]) {
      replays.seen('A')
      await clock.advance(delay)
      replays.seen('B')
      replays.forget('A')
      assert.equal(replays.seen('A'), false)
      assert.equal(replays.seen('B'), true)
    }
  })

  it('is bounded, and needs no timer', () => {
    const clock = new FakeClock()
    const replays = new RecentlySeen(clock, SPAN, 1000)
    for (let count = 0; count < 100_000; count++) replays.seen(String(count))
    assert.ok(replays.size <= 2000)
    assert.equal(replays.seen('99999'), true)
    assert.equal(clock.pending, 0)
  })
})
