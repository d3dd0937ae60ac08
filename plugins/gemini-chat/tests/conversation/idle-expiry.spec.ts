import assert from 'node:assert/strict'
import { keepExpiring } from '../../src/conversation/context-window'
import { FakeClock } from 'common/testing'

describe('keepExpiring', () => {
  let clock: FakeClock
  let life: AbortController
  let sweeps: number

  beforeEach(() => {
    clock = new FakeClock()
    life = new AbortController()
    sweeps = 0
  })

  function start(expiry: number) {
    const memory = { expireIdle: async () => void sweeps++ }
    return keepExpiring(memory, { expiry, clock, signal: life.signal, isBusy: () => false })
  }

  it('runs once per expiry time', async () => {
    const done = start(60_000)
    await clock.advance(59_999)
    assert.equal(sweeps, 0)
    await clock.advance(120_001)
    assert.equal(sweeps, 3)
    life.abort()
    await done
    assert.equal(sweeps, 3)
  })

  for (const [expiry, pause] of [[1, 1000], [2 ** 40, 3_600_000]]) {
    it(`runs every ${pause} ms with an expiry of ${expiry} ms`, async () => {
      const done = start(expiry)
      await clock.advance(pause)
      assert.equal(sweeps, 1)
      assert.deepEqual(clock.sleeps, [pause, pause])
      life.abort()
      await done
    })
  }
})
