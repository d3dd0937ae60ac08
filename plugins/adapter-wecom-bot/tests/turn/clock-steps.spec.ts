import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import { RateLimiter } from '../../src/api/rate-limiter'
import { Attachments } from '../../src/media/attachments'
import { Concurrency } from '../../src/turn/concurrency'
import { FallbackDelivery } from '../../src/turn/fallback'
import { Turn } from '../../src/turn/turn'
import { RecentlySeen } from '../../src/util/recently-seen'
import { MINUTE, SECOND, createTurns, notices } from '../support/turns'

const HOUR = 60 * MINUTE

for (const [name, step] of [['forward', HOUR], ['back', -HOUR]] as const) {
  describe(`when the clock is set an hour ${name}`, () => {
    it('a growing bubble stays open, and closes after its window', async () => {
      const { clock, open, poll } = createTurns()
      const turn = open()
      poll(turn)
      const id = (await turn.say({ text: 'one' }))!
      clock.step(step)
      assert.equal(poll(turn), 'one')
      await clock.advance(329 * SECOND)
      turn.edit(id, { text: 'one two' })
      assert.equal(poll(turn), 'one two')
      await clock.advance(SECOND)
      assert.equal(poll(turn), 'one two\n\n(later)■')
    })

    it('a finished turn is forgotten after its retention', async () => {
      const { clock, open, poll, turns } = createTurns()
      const turn = open()
      await turn.say({ text: 'all' })
      turn.endChain()
      poll(turn)
      clock.step(step)
      await clock.advance(10 * MINUTE - 1)
      assert.equal(turns.size, 1)
      await clock.advance(1)
      assert.equal(turns.size, 0)
    })

    it('a turn is counted as long as WeCom polls it', async () => {
      const clock = new FakeClock()
      const concurrency = new Concurrency({ total: 1, user: 1, maxAge: 330 * SECOND }, clock)
      concurrency.add('A', 'alice')
      clock.step(step)
      assert.equal(concurrency.isFull('bob'), true)
      await clock.advance(330 * SECOND)
      assert.equal(concurrency.isFull('bob'), false)
    })

    it('a response_url is used within its hour', async () => {
      const clock = new FakeClock()
      const fallback = new FallbackDelivery(async () => ({}), clock, notices, () => undefined)
      const responseUrl = { url: 'https://qyapi.weixin.qq.com/x', used: false }
      const turn = new Turn('T', 'M', { botId: 'b', userId: 'u' }, clock.monotonic(), { responseUrl })
      clock.step(step)
      assert.equal(fallback.isOpen(turn), true)
      await clock.advance(HOUR)
      assert.equal(fallback.isOpen(turn), false)
    })

    it('a repetition is recognized', async () => {
      const clock = new FakeClock()
      const replays = new RecentlySeen(clock, 10 * MINUTE)
      replays.seen('A')
      clock.step(step)
      assert.equal(replays.seen('A'), true)
      await clock.advance(30 * MINUTE)
      assert.equal(replays.seen('A'), false)
    })

    it('a rate limit neither opens early nor stays shut', async () => {
      const clock = new FakeClock()
      const limiter = new RateLimiter(clock, 1, MINUTE, 10)
      let started = 0
      void limiter.enter()!.then(() => started++)
      clock.step(step)
      void limiter.enter()!.then(() => started++)
      await clock.advance(MINUTE - 1)
      assert.equal(started, 1)
      await clock.advance(1)
      assert.equal(started, 2)
      limiter.dispose()
    })

    it('an attached file can be read for five minutes', async () => {
      const clock = new FakeClock()
      const attachments = new Attachments(async () => ({ data: Buffer.from('x'), type: 'text/plain', name: 'x' }), clock)
      const id = attachments.add({ url: 'https://example.com/x' })
      clock.step(step)
      assert.ok(await attachments.open(id))
      await clock.advance(5 * MINUTE)
      assert.equal(await attachments.open(id), undefined)
      attachments.dispose()
    })
  })
}
