import memory from '@koishijs/plugin-database-memory'
import assert from 'node:assert/strict'
import { Context } from 'koishi'
import { declareUsageTable, UsageStore, sumCounts } from '../../src/usage/usage-store'
import { createAccess } from '../support/database'
import { localDay } from '../../src/util/local-time'
import '../support/quiet'

for (const hasDatabase of [false, true]) {
  describe(`UsageStore ${hasDatabase ? 'in a database' : 'in memory'}`, () => {
    let app: Context
    let now: number
    let store: UsageStore
    let lines: string[]

    beforeEach(async () => {
      app = new Context()
      if (hasDatabase) app.plugin(memory)
      declareUsageTable(app)
      await app.start()
      now = new Date(2026, 10, 22, 23, 59).getTime()
      lines = []
      store = new UsageStore(createAccess(app, lines), () => now, 3)
    })

    afterEach(() => app.stop())

    const used = { requests: 1, errors: 0, prompt: 10, answer: 5 }
    const place = (user: string, channel = 'c', model = 'm') => ({ user, channel, model })

    it('adds up by day, user, channel and model', async () => {
      for (let i = 0; i < 20; i++) store.add(place('a'), used)
      store.add(place('a', 'd'), { ...used, errors: 1 })
      const rows = await store.read({ user: 'a', since: localDay(now) })
      const figures = rows.map(({ channel, requests, errors, prompt }) => [channel, requests, errors, prompt])
      assert.deepEqual(figures, [['c', 20, 0, 200], ['d', 1, 1, 10]])
      assert.deepEqual(sumCounts(rows), { requests: 21, errors: 1, prompt: 210, answer: 105 })
    })

    it('filters by user, channel and day', async () => {
      store.add(place('a'), used)
      store.add(place('b'), used)
      await store.read({ since: '' })
      const yesterday = localDay(now)
      now += 60_000
      store.add(place('b'), used)
      const count = async (query: object) => (await store.read({ since: yesterday, ...query })).length
      assert.deepEqual(
        [await count({}), await count({ user: 'b' }), await count({ channel: 'x' }), await count({ since: localDay(now) })],
        [3, 2, 0, 1],
      )
    })

    it('deletes old rows', async () => {
      for (const user of ['a', 'b', 'c', 'd']) store.add(place(user), used)
      await store.read({ since: '' })
      now += 400 * 86_400_000
      store.add(place('e'), used)
      const rows = await store.read({ since: '' })
      assert.deepEqual(rows.map(({ user }) => user), hasDatabase ? ['e'] : ['c', 'd', 'e'])
    })

    it('logs failures without throwing', async () => {
      if (!hasDatabase) return
      app.database.get = async () => {
        throw new Error('down')
      }
      store.add(place('a'), used)
      store.add(place('a'), used)
      await assert.rejects(store.read({ since: '' }), /down/)
      assert.deepEqual(lines, ['could not access it in the database: down'])
    })
  })
}
