import assert from 'node:assert/strict'
import memory from '@koishijs/plugin-database-memory'
import { Context } from 'koishi'
import { PreferenceStore, declarePreferenceTable } from '../../src/conversation/preferences'

for (const [name, driver] of [['in memory', undefined], ['in a database', memory]] as const) {
  describe(`choices ${name}`, () => {
    let app: Context
    let store: PreferenceStore

    beforeEach(async () => {
      app = new Context()
      if (driver) app.plugin(driver as never)
      declarePreferenceTable(app)
      await app.start()
      store = new PreferenceStore(app, assert.fail)
    })

    afterEach(() => app.stop())

    it('are kept, one beside the other', async () => {
      await store.update('a', { model: 'm' })
      await store.update('a', { preset: 'p', search: false })
      await store.update('b', { scope: 'channel' })
      assert.deepEqual(await store.load('a'), { model: 'm', preset: 'p', search: false })
      assert.deepEqual(await store.load('b'), { scope: 'channel' })
      assert.deepEqual(await store.load('c'), {})
    })

    it('can be taken back, one or all', async () => {
      await store.update('a', { model: 'm', preset: 'p' })
      await store.update('a', { model: undefined })
      assert.deepEqual(await store.load('a'), { preset: 'p' })
      await store.clear('a')
      assert.deepEqual(await store.load('a'), {})
    })
  })
}

describe('choices in memory', () => {
  it('are kept for so many conversations, those of the last changes', async () => {
    const app = new Context()
    const store = new PreferenceStore(app, assert.fail, 2)
    for (const key of ['a', 'b', 'a', 'c']) await store.update(key, { model: key })
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map(key => store.load(key))), [{ model: 'a' }, {}, { model: 'c' }])
  })
})

describe('choices that are out of reach', () => {
  const database = { get: async () => Promise.reject(new Error('gone')), upsert: assert.fail, remove: assert.fail }
  const app = { get: () => database } as never

  it('are as the settings have them, and it is reported', async () => {
    const reports: unknown[] = []
    assert.deepEqual(await new PreferenceStore(app, error => reports.push(error)).load('a'), {})
    assert.equal(reports.length, 1)
  })

  it('are not overwritten, and nobody is told that they were made', async () => {
    await assert.rejects(new PreferenceStore(app, assert.fail).update('a', { model: 'm' }), /gone/)
  })
})
