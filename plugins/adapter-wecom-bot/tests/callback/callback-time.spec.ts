import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import { systemClock } from 'common/time'
import { CallbackTime } from '../../src/callback/callback-time'
import { createWorld } from '../support/world'

const FRESHNESS_MS = 300_000
const HOUR_MS = 3_600_000

describe('CallbackTime', () => {
  let clock: FakeClock
  let time: CallbackTime
  /** WeCom's own clock, in seconds. */
  const wecom = (clockIsAhead = 0) => (clock.now() - clockIsAhead) / 1000

  beforeEach(() => {
    clock = new FakeClock()
    time = new CallbackTime(clock)
  })

  function take(timestamp: number) {
    time.check(timestamp, FRESHNESS_MS)
    time.accepted(timestamp, FRESHNESS_MS)
  }

  function assertRefused(timestamp: number, detail: RegExp) {
    assert.throws(() => take(timestamp), { reason: 'clock', detail })
  }

  it('accepts timestamps within the freshness, in both directions', () => {
    for (const seconds of [-300, 0, 300]) take(wecom() + seconds)
    assertRefused(wecom() + 301, /301 s ahead of this server/)
    assertRefused(wecom() - 301, /301 s behind this server/)
    assertRefused(NaN, /not a number/)
    assertRefused(Infinity, /not a number/)
  })

  it('does not drift with timestamps at the edge', () => {
    for (let times = 0; times < 10; times++) take(wecom() + 300)
    assertRefused(wecom() + 301, /ahead/)
  })

  for (const [name, step] of [['forward', HOUR_MS], ['back', -HOUR_MS]] as const) {
    it(`accepts callbacks while the clock is set an hour ${name}, and when it is set right again`, async () => {
      take(wecom())
      clock.step(step)
      for (let minutes = 0; minutes < 90; minutes += 10) {
        take(wecom(step))
        assert.equal(time.deviation, step)
        await clock.advance(600_000)
      }
      clock.step(-step)
      take(wecom())
      assert.equal(time.deviation, 0)
    })

    it(`refuses what was captured an hour ago when the clock is set an hour ${name}`, async () => {
      const captured = wecom()
      take(captured)
      await clock.advance(HOUR_MS)
      take(wecom())
      clock.step(step)
      assertRefused(captured, /3600 s behind this server/)
    })
  }

  it('believes the clock until a callback has proved it right', () => {
    clock.step(HOUR_MS)
    assertRefused(wecom(HOUR_MS), /3600 s behind/)
    clock.step(-HOUR_MS)
    take(wecom())
  })

  it('accepts callbacks after the machine was suspended', () => {
    take(wecom())
    clock.step(10 * HOUR_MS)
    take(wecom())
    assert.equal(time.deviation, 0)
  })
})

describe('a callback while the clock of the server is wrong', () => {
  const { now } = systemClock

  afterEach(() => {
    systemClock.now = now
  })

  for (const step of [HOUR_MS, -HOUR_MS]) {
    it(`goes on with its answer after a step of ${step / 60_000} minutes, and the log says what to do`, async () => {
      const world = await createWorld()
      try {
        let finish = () => {}
        world.app.middleware(() => new Promise<string>(resolve => finish = () => resolve('the answer')))
        world.add({ firstReply: 0 })
        const client = world.client({ now: Date.now })
        const first = await client.post(client.text('hi'))
        assert.equal(first.reply!.stream!.finish, false)
        systemClock.now = () => now() + step
        const poll = () => client.poll(first.reply!.stream!.id)
        assert.equal((await poll()).reply!.stream!.finish, false)
        finish()
        let last = await poll()
        while (!last.reply!.stream!.finish) last = await poll()
        assert.equal(last.reply!.stream!.content, 'the answer')
        assert.match(world.log.warnings[0], new RegExp(`clock was set ${step / 60_000} minutes off`))
        assert.ok(world.log.warnings.length <= 10)
      } finally {
        systemClock.now = now
        await world.close()
      }
    })
  }
})
