import assert from 'node:assert/strict'
import { RecentlySeen } from '../../src/util/recently-seen'
import { FakeClock } from '../support/clock'

const SPAN = 600_000

describe('signatures that have been seen', () => {
  it('are known for their span at least, and forgotten after twice that', async () => {
    for (const offset of [0, 1, SPAN / 2, SPAN - 1]) {
      const clock = new FakeClock()
      const replays = new RecentlySeen(clock, SPAN)
      replays.seen('other')
      await clock.pass(offset)
      assert.equal(replays.seen('A'), false)
      await clock.pass(SPAN - 1)
      assert.equal(replays.seen('A'), true, String(offset))
    }
    const clock = new FakeClock()
    const replays = new RecentlySeen(clock, SPAN)
    replays.seen('A')
    await clock.pass(3 * SPAN)
    assert.equal(replays.seen('A'), false)
  })

  it('stay known while they keep coming', async () => {
    const clock = new FakeClock()
    const replays = new RecentlySeen(clock, SPAN)
    replays.seen('A')
    for (let round = 0; round < 20; round++) {
      await clock.pass(SPAN / 2)
      assert.equal(replays.seen('A'), true)
    }
  })

  it('are unknown again once they are to be', async () => {
    const clock = new FakeClock()
    const replays = new RecentlySeen(clock, SPAN)
    for (const delay of [0, SPAN]) {
      replays.seen('A')
      await clock.pass(delay)
      replays.seen('B')
      replays.forget('A')
      assert.equal(replays.seen('A'), false)
      assert.equal(replays.seen('B'), true)
    }
  })

  it('are bounded, and need no timer', () => {
    const clock = new FakeClock()
    const replays = new RecentlySeen(clock, SPAN, 1000)
    for (let count = 0; count < 100_000; count++) replays.seen(String(count))
    assert.ok(replays.size <= 2000)
    assert.equal(replays.seen('99999'), true)
    assert.equal(clock.pending, 0)
  })
})
