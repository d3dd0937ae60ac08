import assert from 'node:assert/strict'
import { App } from '../../src/api/app'
import { DingtalkError } from '../../src/api/error'
import { RateLimiter } from '../../src/api/rate-limiter'
import { MonthlyQuota, monthOf } from '../../src/api/monthly-quota'
import { FakeClock } from 'common/testing'
import { Rig, tick } from '../support/rig'
import type { Options } from '../support/rig'

const DAY = 86_400_000

describe('RateLimiter and MonthlyQuota', () => {
  it('let fewer than twenty calls pass in any second, in order', async () => {
    const clock = new FakeClock()
    const limiter = new RateLimiter(clock)
    const times: number[] = []
    for (let index = 0; index < 60; index++) void limiter.take().then(() => times.push(clock.now()))
    await clock.advance(5000)
    assert.equal(times.length, 60)
    for (const time of times) assert.ok(times.filter(other => other >= time && other < time + 1000).length < 20)
  })

  it('let as many calls pass whichever way the clock is set', async () => {
    for (const step of [3_600_000, -3_600_000]) {
      const clock = new FakeClock()
      const limiter = new RateLimiter(clock, 10, 5)
      let calls = 0
      for (let index = 0; index < 50; index++) void limiter.take().then(() => calls++)
      await clock.advance(1000)
      clock.step(step)
      await clock.advance(1000)
      assert.ok(calls >= 24 && calls <= 26, String(calls))
    }
  })

  it('pause cards as long whichever way the clock is set', async () => {
    for (const step of [3_600_000, -3_600_000]) {
      const clock = new FakeClock()
      const app = new App('dingkey', { clock, monthlyCalls: 0, warn() {} })
      app.refused('createAndDeliver', new DingtalkError('dingtalk/address-blocked', 'blocked'), true)
      clock.step(step)
      assert.equal(app.takesCards, false)
      await clock.advance(300_000)
      assert.equal(app.takesCards, true)
    }
  })

  it('count by the months of Beijing', async () => {
    assert.equal(monthOf(Date.parse('2026-11-30T15:59:59Z')), '2026-11')
    assert.equal(monthOf(Date.parse('2026-11-30T16:00:00Z')), '2026-12')
    const clock = new FakeClock()
    const quota = new MonthlyQuota({ clock, limit: 100, warn() {} })
    quota.spend(95)
    assert.equal(quota.isShort, true)
    await clock.advance(40 * DAY)
    assert.equal(quota.used, 0)
    assert.equal(quota.isShort, false)
  })

  it('warn once, at 80 %', () => {
    const warnings: number[] = []
    const quota = new MonthlyQuota({ clock: new FakeClock(), limit: 10, warn: used => warnings.push(used) })
    for (let index = 0; index < 10; index++) quota.spend()
    assert.deepEqual(warnings, [8])
  })

  it('are unlimited with the limit 0', () => {
    const quota = new MonthlyQuota({ clock: new FakeClock(), limit: 0, warn: () => assert.fail('warned') })
    quota.spend(1_000_000)
    assert.equal(quota.isShort, false)
  })
})

describe('the quota of a bot', () => {
  let rig: Rig

  async function start(options: Options = {}) {
    rig = await (await Rig.start(options)).online()
  }

  afterEach(() => rig.close())

  /** What `gemini.usage` says of it. */
  async function usage() {
    return rig.companion.describeUsage(await rig.message()).join('\n')
  }

  async function card(text = '答') {
    const answer = await rig.answer()
    answer.update(text)
    await rig.settled(answer.finish(text))
  }

  it('counts billed calls', async () => {
    await start()
    await card()
    assert.equal(await usage(), 'dingkey 2027-01 2/5000')
    await rig.app.bots[0].sendMessage('cidGROUP', '别人发的')
    assert.equal(rig.billed, 3)
    assert.equal(await usage(), 'dingkey 2027-01 3/5000')
  })

  it('warns, and then allows no more cards', async () => {
    await start({ config: { monthlyCalls: 10 } })
    for (let index = 0; index < 6; index++) await card(`第 ${index} 个`)
    assert.deepEqual(rig.calls.slice(0, 8).filter(api => api === 'createAndDeliver').length, 4)
    assert.equal(rig.platform.cards.length, 5)
    assert.deepEqual(rig.texts, ['第 5 个'])
    assert.equal(rig.warnings.length, 1)
    assert.match(rig.warnings[0], /8 of 10 calls of this month are used \(80 %\)/)
    assert.equal(await usage(), '11/10 short')
  })

  it('survives a restart', async () => {
    await start({ database: true })
    await card()
    for (let index = 0; index < 20; index++) await tick()
    const first = rig
    await first.stop()
    await start({ after: first })
    await card()
    for (let tries = 0; tries < 100 && !/ 4\//.test(await usage() ?? ''); tries++) await tick()
    assert.equal(await usage(), 'dingkey 2027-01 4/5000')
    for (let index = 0; index < 20; index++) await tick()
    const rows = await rig.app.database.get('dingtalk_usage', {})
    // One row for each process and counter: calls, and messages.
    assert.deepEqual(rows.map(({ month, count }) => `${month} ${count}`).sort(), ['2027-01 1', '2027-01 2', '2027-01 2', '2027-01 3'])
  })
})
