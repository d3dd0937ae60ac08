import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import type { Context } from 'koishi'
import { RatingStore } from '../../src/storage/rating-store'
import type { Rating } from '../../src/storage/rating-store'
import { accessOf, databases, NOON, openDatabase } from '../support/app'
import type { DatabaseName } from '../support/app'

const rating: Rating = {
  platform: 'wecom-bot', answer: 'turn', user: 'anna', opinion: 'bad', reasons: [1, 3], comment: '', question: 'why?',
}

for (const name of Object.keys(databases) as DatabaseName[]) {
  describe(`ratings in the database (${name})`, () => {
    let app: Context
    let clock: FakeClock
    let store: RatingStore

    beforeEach(async () => {
      app = await openDatabase(name)
      clock = new FakeClock(NOON)
      store = new RatingStore(accessOf(app, clock), clock, 40)
    })
    afterEach(() => app.stop())

    it('are the latest of each person for each answer', async () => {
      await store.save(rating)
      await store.save({ ...rating, opinion: 'good', reasons: [] })
      await store.save({ ...rating, user: 'ben' })
      await store.save({ ...rating, answer: 'other' })
      assert.deepEqual(await store.byDay('2026-11-01'), [{ day: '2026-11-26', good: 1, bad: 2 }])
    })

    it('go when they are withdrawn', async () => {
      await store.save(rating)
      await store.save({ ...rating, opinion: 'withdrawn' })
      assert.deepEqual(await store.newest('2026-11-01', 10), [])
    })

    it('are listed newest first, with reasons and question', async () => {
      await store.save(rating)
      await clock.advance(1000)
      await store.save({ ...rating, user: 'ben', reasons: [2, NaN, 4] })
      const rows = await store.newest('2026-11-01', 10)
      assert.deepEqual(rows.map(({ reasons, question }) => [reasons, question]), [['2,4', 'why?'], ['1,3', 'why?']])
      assert.equal((await store.newest('2026-11-27', 10)).length, 0)
    })

    it('are removed when they are too old', async () => {
      await store.save(rating)
      clock.step(39 * 86_400_000)
      await store.sweep()
      assert.equal((await store.newest('', 10)).length, 1)
      clock.step(2 * 86_400_000)
      await store.sweep()
      assert.equal((await store.newest('', 10)).length, 0)
    })
  })
}
