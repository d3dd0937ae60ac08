import memory from '@koishijs/plugin-database-memory'
import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import { Context } from 'koishi'
import { MemoryBackend, SharedStateService } from '../../../../tests/support/shared-state'
import { CombinedUsage } from '../../src/usage/combined-usage'
import { SharedUsage } from '../../src/usage/shared-usage'
import { declareUsageTable, UsageStore, sumCounts } from '../../src/usage/usage-store'
import { localDay } from '../../src/util/local-time'
import { createAccess } from '../support/database'
import '../support/quiet'

const DAY_MS = 24 * 3600_000

/** Every instance shares state; two of them may use one database. */
for (const databases of ['none', 'one each', 'one for both'] as const) {
  describe(`usage over two instances, databases: ${databases}`, () => {
    let clock: FakeClock, apps: Context[], backend: MemoryBackend
    const outage = { isOpen: false, isRecovering: false, epoch: 0 }
    beforeEach(() => {
      clock = new FakeClock(new Date(2026, 10, 22, 12).getTime())
      backend = new MemoryBackend(clock)
      apps = []
      outage.isOpen = false
    })
    afterEach(async () => {
      for (const app of apps) await app.stop()
    })

    async function createDatabase() {
      const app = new Context()
      if (databases !== 'none') app.plugin(memory)
      declareUsageTable(app)
      await app.start()
      apps.push(app)
      return app
    }

    /** @param isShared `false`: as before the address of the server was set */
    function createInstance(app: Context, instance: string, isShared = true) {
      const state = new SharedStateService(backend, { instance, clock, isShared, circuit: outage })
      const shared = new SharedUsage(() => state.isShared ? state : undefined)
      const own: UsageStore = new UsageStore(createAccess(app, []), () => clock.now(), undefined, (place, counts) => {
        shared.add({ day: localDay(clock.now()), ...place }, counts)
      })
      const usage = new CombinedUsage(own, shared)
      const answer = (user: string, tokens: number, { model = 'gemini-a', channel = 'c', errors = 0 } = {}) => {
        own.add({ user, channel, model }, { requests: 1, errors, prompt: tokens, answer: tokens / 5 })
      }
      return { usage, answer }
    }

    async function createInstances() {
      const first = await createDatabase()
      const second = databases === 'one for both' ? first : await createDatabase()
      return [createInstance(first, 'one'), createInstance(second, 'two')]
    }

    const days = (count: number) => {
      return Array.from({ length: count }, (_, index) => localDay(clock.now(), count - 1 - index))
    }
    const sum = async (instance: ReturnType<typeof createInstance>, user?: string, count = 30) => {
      const { requests, errors, prompt, answer } = sumCounts(await instance.usage.byModel(days(count), user))
      return [requests, errors, prompt, answer]
    }

    it('is the sum of both at either, of all people and of one', async () => {
      const [one, two] = await createInstances()
      for (const instance of [one, two, two]) instance.answer('p:alice', 100)
      two.answer('p:bob', 10, { errors: 1 })
      for (const instance of [one, two]) {
        assert.deepEqual(await sum(instance), [4, 1, 310, 62])
        assert.deepEqual(await sum(instance, 'p:alice'), [3, 0, 300, 60])
        assert.deepEqual(await sum(instance, 'p:bob'), [1, 1, 10, 2])
        assert.deepEqual(await sum(instance, 'p:carol'), [0, 0, 0, 0])
      }
    })

    it('is that of each model and day', async () => {
      const [one, two] = await createInstances()
      one.answer('p:alice', 100)
      two.answer('p:alice', 50, { model: 'models/b c', channel: 'd' })
      await clock.advance(DAY_MS)
      two.answer('p:alice', 5)
      const rows = (await one.usage.byModel(days(2))).map(({ day, model, prompt }) => [day, model, prompt]).sort()
      assert.deepEqual(rows, [
        ['2026-11-22', 'gemini-a', 100], ['2026-11-22', 'models/b c', 50], ['2026-11-23', 'gemini-a', 5],
      ])
      assert.deepEqual(await sum(two, undefined, 1), [1, 0, 5, 1])
    })

    it('ranks people by the tokens at both', async () => {
      const [one, two] = await createInstances()
      one.answer('p:alice', 100)
      two.answer('p:bob', 70)
      one.answer('p:bob', 70)
      two.answer('p:carol', 120)
      two.answer('p:dave', 0, { errors: 1 })
      for (const instance of [one, two]) {
        const top = await instance.usage.topUsers(days(30), 10)
        assert.deepEqual(top.map(({ user, prompt }) => [user, prompt]), [
          ['p:bob', 140], ['p:carol', 120], ['p:alice', 100], ['p:dave', 0],
        ])
        assert.deepEqual((await instance.usage.topUsers(days(30), 1)).map(({ user }) => user), ['p:bob'])
      }
    })

    it('is kept for the days of a report, and not much longer', async () => {
      const [one, two] = await createInstances()
      two.answer('p:alice', 100)
      await clock.advance(29 * DAY_MS)
      assert.deepEqual(await sum(one), [1, 0, 100, 20])
      await clock.advance(3 * DAY_MS)
      const state = new SharedStateService(backend, { instance: 'three', clock, isShared: true })
      assert.deepEqual(await new SharedUsage(() => state).byModel(days(60)), [])
    })

    it('is that of the own database while the server is away', async () => {
      const [one, two] = await createInstances()
      one.answer('p:alice', 100)
      two.answer('p:alice', 10)
      outage.isOpen = true
      assert.deepEqual(await sum(one), databases === 'one for both' ? [2, 0, 110, 22] : [1, 0, 100, 20])
    })

    it('counts no fraction of a token and no number that is none', async () => {
      const [one] = await createInstances()
      one.answer('p:alice', 1.5)
      one.answer('p:bob', NaN)
      one.answer('p:bob', 1e300)
      const state = new SharedStateService(backend, { instance: 'three', clock, isShared: true })
      const [{ requests, prompt, answer }] = await new SharedUsage(() => state).byModel(days(1))
      assert.deepEqual([requests, prompt, answer], [3, 2, 0])
    })

    it('leaves out counts of something else', async () => {
      const [one] = await createInstances()
      one.answer('p:alice', 100)
      const key = `gemini-chat/usage/${localDay(clock.now())}`
      await backend.increment('id', ['no-space', 'other model', '__proto__ x'].map(field => ({ key, field, by: 1 })), DAY_MS)
      assert.deepEqual(await sum(one), [1, 0, 100, 20])
    })

    if (databases !== 'none') {
      it('has what was counted before state was shared, once', async () => {
        const app = await createDatabase()
        const before = createInstance(app, 'before', false)
        before.answer('p:alice', 1000)
        assert.deepEqual(await sum(before), [1, 0, 1000, 200])
        await clock.advance(DAY_MS)
        const [after, other] = [createInstance(app, 'after'), createInstance(await createDatabase(), 'other')]
        after.answer('p:alice', 10)
        other.answer('p:alice', 5)
        assert.deepEqual(await sum(after), [3, 0, 1015, 203])
        const [top] = await after.usage.topUsers(days(30), 10)
        assert.deepEqual([top.user, top.requests], ['p:alice', 3])
      })
    }
  })
}
