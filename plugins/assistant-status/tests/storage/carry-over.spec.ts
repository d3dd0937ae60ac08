import assert from 'node:assert/strict'
import { rowKey } from 'common/database'
import { FakeClock } from 'common/testing'
import type { Context } from 'koishi'
import { declareUsageTable } from '../../../gemini-chat/src/usage/usage-table'
import { ActivityStore } from '../../src/storage/activity-store'
import { carryOverUsage } from '../../src/storage/carry-over'
import { dayBefore, periodsOf, rankedSince } from '../../src/storage/periods'
import { addCounts, sumByPeriod, topNames } from '../../src/storage/sums'
import { accessOf, databases, NOON, openDatabase } from '../support/app'
import type { DatabaseName } from '../support/app'

for (const name of Object.keys(databases) as DatabaseName[]) {
  describe(`usage from before the statistics (${name})`, () => {
    let app: Context
    let clock: FakeClock
    let rows = 0

    beforeEach(async () => {
      app = await openDatabase(name)
      clock = new FakeClock(NOON)
    })
    afterEach(() => app.stop())

    const use = (daysAgo: number, user: string, channel: string, requests: number, errors = 0) => {
      return app.database.create('gemini_token_usage', {
        key: `usage-${rows++}`, userKey: rowKey(user), channelKey: rowKey(channel), day: dayBefore(NOON, daysAgo),
        user, channel, model: 'm', requests, errors, prompt: requests * 10, answer: requests * 5,
      })
    }
    const carryOver = () => carryOverUsage(app, accessOf(app, clock), NOON, 366)
    const read = async (range: 'month' | 'year') => {
      const models = await sumByPeriod(app.database, 'model', 'day', periodsOf(range, NOON))
      const reasons = await sumByPeriod(app.database, 'reason', 'day', periodsOf(range, NOON))
      const of = async (dimension: 'user' | 'channel') => {
        const names = await topNames(app.database, dimension, rankedSince(range, NOON), 10)
        return names.map(({ name, answered, failed, promptTokens }) => [name, answered, failed, promptTokens])
      }
      const { answered, failed, promptTokens, answerTokens, timed } = addCounts(models)
      return {
        all: [answered, failed, promptTokens, answerTokens, timed], failures: addCounts(reasons).failed,
        people: await of('user'), groups: await of('channel'),
      }
    }

    it('is counted once, up to the first day that was counted', async () => {
      declareUsageTable(app)
      const store = new ActivityStore(accessOf(app, clock), clock, 366)
      store.add([{ dimension: 'model', platform: 'wecom-bot', name: 'm' }, { dimension: 'user', platform: 'wecom-bot', name: 'wecom-bot:a' }], {
        ...addCounts([]), answered: 100, promptTokens: 1,
      })
      await store.flush()
      await use(0, 'wecom-bot:a', 'wecom-bot:g', 7)
      await use(1, 'wecom-bot:a', 'wecom-bot:g', 3, 1)
      await use(1, 'wecom-bot:a', 'wecom-bot:private:a', 2)
      await use(5, 'dingtalk:b', 'dingtalk:b', 4)
      await use(60, 'dingtalk:b', 'dingtalk:h', 20, 2)
      await use(60, 'plugin:x', 'plugin:', 9)
      await use(400, 'dingtalk:old', 'dingtalk:h', 50)
      const month = {
        all: [100 + 2 + 2 + 4, 1, 1 + 90, 45, 0], failures: 1,
        people: [['wecom-bot:a', 104, 1, 51], ['dingtalk:b', 4, 0, 40]], groups: [['wecom-bot:g', 2, 1, 30]],
      }
      const year = {
        all: [126, 3, 291, 145, 0], failures: 3,
        people: [['dingtalk:b', 22, 2, 240], ['wecom-bot:a', 104, 1, 51]],
        groups: [['dingtalk:h', 18, 2, 200], ['wecom-bot:g', 2, 1, 30]],
      }
      for (let time = 0; time < 2; time++) {
        assert.equal(await carryOver(), true)
        assert.deepEqual(await read('month'), month)
        assert.deepEqual(await read('year'), year)
      }
    })

    it('is counted once when it was interrupted half way', async () => {
      declareUsageTable(app)
      await use(3, 'wecom-bot:a', 'wecom-bot:g', 1)
      await use(40, 'wecom-bot:a', 'wecom-bot:g', 1)
      await carryOver()
      await app.database.remove('assistant_activity', { dimension: 'reason', span: 'month' })
      await app.database.remove('assistant_activity', { dimension: 'user', span: 'month', period: dayBefore(NOON, 40).slice(0, 7) })
      await carryOver()
      assert.deepEqual((await read('year')).all, [2, 0, 20, 10, 0])
      assert.deepEqual((await read('year')).people, [['wecom-bot:a', 2, 0, 20]])
    })

    it('asks for no days where nothing was used', async () => {
      declareUsageTable(app)
      let queries = 0
      const access = accessOf(app, clock)
      const counted = { run: ((task: never) => (queries++, access.run(task))) as typeof access.run }
      assert.equal(await carryOverUsage(app, counted, NOON, 366), true)
      assert.ok(queries < 10, `${queries} queries`)
    })

    it('waits while gemini-chat is not loaded, or moves its own rows', async () => {
      assert.equal(await carryOver(), false)
      declareUsageTable(app)
      await app.database.create('gemini_usage', {
        day: dayBefore(NOON, 3), user: 'a', channel: 'b', model: 'm', requests: 1, errors: 0, prompt: 1, answer: 1,
      })
      assert.equal(await carryOver(), false)
      await app.database.remove('gemini_usage', {})
      assert.equal(await carryOver(), true)
    })
  })
}
