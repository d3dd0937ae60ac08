import assert from 'node:assert/strict'
import FakeTimers from '@sinonjs/fake-timers'
import { LoginAttempts } from '../../../bin/instance/console-gate/attempts'

const MINUTE = 60_000

describe('LoginAttempts', () => {
  let clock: ReturnType<typeof FakeTimers.install>

  beforeEach(() => {
    clock = FakeTimers.install({ now: 1_700_000_000_000, toFake: ['Date', 'setTimeout', 'clearTimeout'] })
  })

  afterEach(() => clock.uninstall())

  async function exhaust(attempts: LoginAttempts) {
    for (let count = 0; count < 10; count++) assert.equal(await attempts.take('address'), 0)
    return attempts.take('address')
  }

  it('allow ten wrong passwords of one address in ten minutes', async () => {
    const attempts = new LoginAttempts()
    assert.equal(await exhaust(attempts), 600)
    assert.equal(await attempts.take('another'), 0)
    clock.tick(10 * MINUTE)
    assert.equal(await attempts.take('address'), 0)
  })

  for (const [what, stepMs] of [['an hour', 60 * MINUTE], ['a year', 365 * 24 * 60 * MINUTE]] as const) {
    it(`end, and say so, after ten minutes where the clock is set back by ${what}`, async () => {
      const attempts = new LoginAttempts()
      await exhaust(attempts)
      clock.setSystemTime(Date.now() - stepMs)
      const wait = await attempts.take('address')
      assert.ok(wait > 0 && wait <= 600, `${wait} s`)
      clock.tick(10 * MINUTE)
      assert.equal(await attempts.take('address'), 0)
    })
  }

  it('load no limiters for databases and clusters, which would take part of each start', () => {
    const loaded = Object.keys(require.cache).filter(file => file.includes('/rate-limiter-flexible/'))
    assert.ok(loaded.some(file => file.endsWith('/RateLimiterMemory.js')))
    assert.deepEqual(loaded.filter(file => /Mongo|Redis|SQL|Cluster/.test(file)), [])
  })
})
