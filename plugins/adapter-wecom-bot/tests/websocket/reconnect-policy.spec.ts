import assert from 'node:assert/strict'
import type { DownReason } from '../../src/websocket/reconnect-policy'
import { ReconnectPolicy } from '../../src/websocket/reconnect-policy'

const MINUTE = 60_000
const failed: DownReason = { name: 'failed', detail: 'ECONNREFUSED' }
const replaced: DownReason = { name: 'replaced' }

describe('the pauses between connections', () => {
  it('double from one second to a minute, for ever', () => {
    const policy = new ReconnectPolicy(() => 0.5)
    const pauses = Array.from({ length: 100 }, () => policy.pauseMs(failed, 0))
    assert.deepEqual(pauses.slice(0, 8), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
    assert.ok(pauses.slice(8).every(pause => pause === 60_000))
  })

  it('vary by a quarter', () => {
    assert.equal(new ReconnectPolicy(() => 0).pauseMs(failed, 0), 750)
    assert.equal(new ReconnectPolicy(() => 1).pauseMs(failed, 0), 1250)
  })

  it('begin again after a connection that stood, not after one that broke at once', () => {
    const policy = new ReconnectPolicy(() => 0.5)
    for (let count = 0; count < 4; count++) policy.pauseMs(failed, 0)
    assert.equal(policy.pauseMs(failed, 2000), 16_000)
    assert.equal(policy.pauseMs(failed, 30_000), 1000)
  })

  const refusals: [number, number][] = [
    [40001, 10 * MINUTE], [40013, 10 * MINUTE], [45009, MINUTE], [45033, MINUTE], [-1, 1000],
  ]
  for (const [errcode, pause] of refusals) {
    it(`are at least ${pause / 1000} s after refusal ${errcode}`, () => {
      assert.equal(new ReconnectPolicy(() => 0.5).pauseMs({ name: 'refused', errcode }, 0), pause)
    })
  }

  it('are long after another process has taken the bot, and end after three fights', () => {
    const policy = new ReconnectPolicy(() => 0.5)
    assert.equal(policy.pauseMs(replaced, 60 * MINUTE), 1.5 * MINUTE, 'a rolling update')
    assert.equal(policy.pauseMs(replaced, MINUTE), 7.5 * MINUTE)
    assert.equal(policy.pauseMs(replaced, MINUTE), 22.5 * MINUTE)
    assert.equal(policy.pauseMs(replaced, MINUTE), undefined)
  })

  it('forget the fights after ten minutes of connections that break now and then', () => {
    const policy = new ReconnectPolicy(() => 0)
    for (let month = 0; month < 12; month++) {
      assert.equal(policy.pauseMs(replaced, MINUTE), MINUTE)
      for (let count = 0; count < 5; count++) policy.pauseMs(failed, 2 * MINUTE)
    }
  })

  it('do not take a bad network for a fight: the bot is taken once an hour, and no connection stands for long', () => {
    let now = 0
    const policy = new ReconnectPolicy(() => 0, { monotonic: () => now })
    for (let hour = 0; hour < 24; hour++) {
      for (let count = 0; count < 12; count++) {
        now += 5 * MINUTE
        policy.pauseMs(failed, 10_000)
      }
      assert.equal(policy.pauseMs(replaced, 10_000), MINUTE)
    }
  })

  it('recognise a fight on a bad network: the bot is taken soon after each time it is back', () => {
    let now = 0
    const policy = new ReconnectPolicy(() => 0, { monotonic: () => now })
    const pauses = Array.from({ length: 3 }, () => {
      for (let count = 0; count < 4; count++) {
        now += 2 * MINUTE
        policy.pauseMs(failed, 10_000)
      }
      const pause = policy.pauseMs(replaced, 10_000)
      now += pause ?? 0
      return pause
    })
    assert.deepEqual(pauses, [MINUTE, 5 * MINUTE, undefined])
  })

  it('forget the fights once a connection has stood for ten minutes', () => {
    const policy = new ReconnectPolicy(() => 0)
    for (let count = 0; count < 2; count++) policy.pauseMs(replaced, MINUTE)
    assert.equal(policy.pauseMs(replaced, 10 * MINUTE), MINUTE)
    assert.equal(policy.pauseMs(replaced, MINUTE), 5 * MINUTE)
  })
})
