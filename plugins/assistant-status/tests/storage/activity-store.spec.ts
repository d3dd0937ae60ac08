import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import type { Context } from 'koishi'
import { ActivityStore } from '../../src/storage/activity-store'
import { periodsOf, rankedSince } from '../../src/storage/periods'
import { addCounts, sumByPeriod, topNames } from '../../src/storage/sums'
import { accessOf, databases, NOON, openDatabase } from '../support/app'
import type { DatabaseName } from '../support/app'

const DAY_MS = 86_400_000
const one = { ...addCounts([]), answered: 1, promptTokens: 10, answerTokens: 5 }
const places = (user: string, model = 'm') => [
  { dimension: 'model' as const, platform: 'wecom-bot', name: model },
  { dimension: 'user' as const, platform: 'wecom-bot', name: user },
]

for (const name of Object.keys(databases) as DatabaseName[]) {
  describe(`counts in the database (${name})`, () => {
    let app: Context
    let clock: FakeClock
    let store: ActivityStore

    beforeEach(async () => {
      app = await openDatabase(name)
      clock = new FakeClock(NOON)
      store = new ActivityStore(accessOf(app, clock), clock, 366)
    })
    afterEach(() => app.stop())

    it('are written some seconds later, and summed by period, platform and name', async () => {
      for (let count = 0; count < 3; count++) store.add(places('a'), one)
      store.add(places('b', 'n'), { ...one, answered: 0, failed: 1 })
      assert.deepEqual(await app.database.get('assistant_activity', {}), [])
      await clock.advance(10_000)
      await store.flush()
      const sums = await sumByPeriod(app.database, 'model', 'hour', periodsOf('day', clock.now()))
      const [m, n] = sums.sort((a, b) => a.name.localeCompare(b.name))
      assert.deepEqual(m, { period: '2026-11-26T12', platform: 'wecom-bot', name: 'm', ...addCounts([one, one, one]) })
      assert.equal(n.failed, 1)
      assert.equal((await sumByPeriod(app.database, 'model', 'day', periodsOf('year', clock.now()))).length, 2)
    })

    it('of several processes add up', async () => {
      const other = new ActivityStore(accessOf(app, clock), clock, 366)
      for (const each of [store, other, store]) {
        each.add(places('a'), one)
        await each.flush()
      }
      const [sum] = await topNames(app.database, 'user', rankedSince('day', clock.now()), 10)
      assert.deepEqual(sum, { name: 'a', ...addCounts([one, one, one]) })
    })

    it('rank people by tokens, of names that differ in case as well', async () => {
      for (const [user, times] of [['anna', 1], ['Anna', 3], ['ben', 2]] as const) {
        for (let count = 0; count < times; count++) store.add(places(user), one)
      }
      await store.flush()
      for (const range of ['day', 'month', 'year'] as const) {
        const top = await topNames(app.database, 'user', rankedSince(range, clock.now()), 2)
        assert.deepEqual(top.map(row => [row.name, row.answered]), [['Anna', 3], ['ben', 2]], range)
      }
    })

    it('are removed when the page shows them no more', async () => {
      const spans = async () => {
        const rows = await app.database.get('assistant_activity', {})
        return rows.map(({ dimension, span, period }) => `${dimension} ${span} ${period}`).sort()
      }
      store.add(places('a'), one)
      await store.flush()
      assert.equal((await spans()).length, 5)
      const after = async (days: number) => {
        clock.step(days * DAY_MS)
        store.add([], one)
        await store.flush()
        return spans()
      }
      const [modelDay, userDay, userMonth] = ['model day 2026-11-26', 'user day 2026-11-26', 'user month 2026-11']
      assert.deepEqual(await after(2), [modelDay, 'model hour 2026-11-26T12', userDay, userMonth])
      assert.deepEqual(await after(30), [modelDay, userMonth])
      assert.deepEqual(await after(334), [modelDay, userMonth])
      assert.deepEqual(await after(31), [])
    })
  })
}

describe('counts without a database', () => {
  it('are dropped', async () => {
    const clock = new FakeClock(NOON)
    const store = new ActivityStore(accessOf({ get: () => undefined } as never, clock), clock, 366)
    store.add(places('a'), one)
    await store.flush()
    assert.equal(clock.pending, 0)
  })
})
