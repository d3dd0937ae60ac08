import assert from 'node:assert/strict'
import memory from '@koishijs/plugin-database-memory'
import { Context } from 'koishi'
import { accessTo, createAccess } from '../support/database'
import { PreferenceStore, declarePreferenceTable } from '../../src/conversation/preferences'

for (const [name, driver] of [['in memory', undefined], ['in a database', memory]] as const) {
  describe(`PreferenceStore ${name}`, () => {
    let app: Context
    let store: PreferenceStore

    beforeEach(async () => {
      app = new Context()
      if (driver) app.plugin(driver as never)
      declarePreferenceTable(app)
      await app.start()
      store = new PreferenceStore(createAccess(app))
    })

    afterEach(() => app.stop())

    it('keeps preferences side by side', async () => {
      await store.update('a', { model: 'm' })
      await store.update('a', { preset: 'p', search: false })
      await store.update('b', { scope: 'channel' })
      assert.deepEqual(await store.load('a'), { model: 'm', preset: 'p', search: false })
      assert.deepEqual(await store.load('b'), { scope: 'channel' })
      assert.deepEqual(await store.load('c'), {})
    })

    it('removes one or all preferences', async () => {
      await store.update('a', { model: 'm', preset: 'p' })
      await store.update('a', { model: undefined })
      assert.deepEqual(await store.load('a'), { preset: 'p' })
      await store.clear('a')
      assert.deepEqual(await store.load('a'), {})
    })
  })
}

describe('PreferenceStore without a database', () => {
  it('keeps the most recently changed conversations', async () => {
    const app = new Context()
    const store = new PreferenceStore(createAccess(app), 2)
    for (const key of ['a', 'b', 'a', 'c']) await store.update(key, { model: key })
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map(key => store.load(key))), [{ model: 'a' }, {}, { model: 'c' }])
  })
})

describe('PreferenceStore with a failing database', () => {
  const database = { get: async () => Promise.reject(new Error('gone')), upsert: assert.fail, remove: assert.fail }

  it('falls back to the settings and logs it', async () => {
    const lines: string[] = []
    assert.deepEqual(await new PreferenceStore(accessTo(database, lines)).load('a'), {})
    assert.deepEqual(lines, ['could not access it in the database: gone'])
  })

  it('throws on a change and overwrites nothing', async () => {
    await assert.rejects(new PreferenceStore(accessTo(database)).update('a', { model: 'm' }), /gone/)
  })
})
