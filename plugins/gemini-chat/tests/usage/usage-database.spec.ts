import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import memory from '@koishijs/plugin-database-memory'
import sqlite from '@minatojs/driver-sqlite'
import { cpuTimeMs, settle } from 'common/testing'
import { Context } from 'koishi'
import DatabaseIgnoringCase from 'testkit/src/database/ignoring-case'
import { declareUsageTable, sumCounts, UsageStore } from '../../src/usage/usage-store'
import { carryOverUsage } from '../../src/usage/usage-table'
import { localDay } from '../../src/util/local-time'
import { createAccess } from '../support/database'

const now = () => new Date(2026, 10, 22, 12, 0).getTime()
const today = localDay(now())
const used = { requests: 1, errors: 0, prompt: 10, answer: 5 }
const place = (user: string, channel = 'c', model = 'm') => ({ user, channel, model })

async function open(plugin: unknown, config: object = {}) {
  const app = new Context()
  app.plugin(plugin as never, config)
  declareUsageTable(app)
  await app.start()
  while (!app.get('database')) await settle()
  return app
}

describe('usage that is counted at the same time', () => {
  let folder: string
  const apps: Context[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gemini-usage-'))
  })

  afterEach(async () => {
    for (const app of apps.splice(0)) await app.stop()
    await rm(folder, { recursive: true })
  })

  const start = async () => {
    const app = await open(sqlite, { path: join(folder, 'koishi.db') })
    apps.push(app)
    return app
  }

  it('is counted whole by one store', async () => {
    const store = new UsageStore(createAccess(await start()), now)
    for (let count = 0; count < 200; count++) {
      store.add(place('a'), used)
      if (count % 7 === 0) await settle()
    }
    assert.deepEqual(sumCounts(await store.read({ user: 'a', since: today })).requests, 200)
  })

  it('is counted whole by several stores on one database, as by several processes', async () => {
    const app = await start()
    const stores = Array.from({ length: 4 }, () => new UsageStore(createAccess(app), now))
    for (let count = 0; count < 50; count++) {
      for (const store of stores) store.add(place('a'), used)
      await settle()
    }
    for (const store of stores) await store.read({ since: today })
    const rows = await stores[0].read({ user: 'a', since: today })
    assert.deepEqual(rows, [{ day: today, ...place('a'), requests: 200, errors: 0, prompt: 2000, answer: 1000 }])
    assert.equal((await stores[1].byModel([today]))[0].requests, 200)
    assert.deepEqual(await stores[2].topUsers([today], 3), [{ user: 'a', requests: 200, errors: 0, prompt: 2000, answer: 1000 }])
  })

  it('is counted once where writing failed half way', async () => {
    const app = await start()
    const store = new UsageStore(createAccess(app), now)
    const { database } = app
    const { create, set } = database
    let failures = 0
    const failing = (method: (...args: never[]) => Promise<unknown>) => async (...args: never[]) => {
      const result = await method.apply(database, args)
      if (failures++ % 2 === 0) throw new Error('connection lost after the write')
      return result
    }
    Object.assign(database, { create: failing(create as never), set: failing(set as never) })
    for (let count = 0; count < 10; count++) {
      store.add(place('a'), used)
      await store.read({ since: today })
    }
    Object.assign(database, { create, set })
    store.add(place('a'), used)
    assert.equal(sumCounts(await store.read({ user: 'a', since: today })).requests, 11)
  })
})

describe('usage of many people at once', () => {
  for (const [name, plugin, config] of [['memory', memory, {}], ['SQLite', sqlite, { path: ':memory:' }]] as const) {
    it(`is written with few queries, and counted once where one failed (${name})`, async () => {
      const app = await open(plugin, config)
      try {
        const store = new UsageStore(createAccess(app), now)
        const { database } = app
        const { upsert } = database
        let queries = 0
        Object.assign(database, { upsert: async (...args: never[]) => {
          const result = await (upsert as (...args: never[]) => Promise<unknown>).apply(database, args)
          if (queries++ % 2 === 0) throw new Error('connection lost after the write')
          return result
        } })
        for (let round = 0; round < 6; round++) {
          for (let person = 0; person < 100; person++) store.add(place(`person-${person}`), used)
          await store.read({ since: today })
        }
        assert.ok(queries <= 24, `${queries} queries`)
        Object.assign(database, { upsert })
        store.add(place('person-0'), used)
        const rows = await store.read({ since: today })
        assert.equal(sumCounts(rows).requests, 601)
        assert.equal(sumCounts(rows.filter(({ user }) => user === 'person-7')).requests, 6)
        assert.equal(rows.length, 100)
      } finally {
        await app.stop()
      }
    })
  }
})

describe('usage of people whose ids look alike', () => {
  it('is kept apart, whatever the database takes for equal and however long they are', async () => {
    const app = await open(DatabaseIgnoringCase)
    try {
      const store = new UsageStore(createAccess(app), now)
      const ids = ['wrAbCdEf', 'wrabcdef', 'wrabcdef ', 'ｗrabcdef', `${'x'.repeat(300)}a`, `${'x'.repeat(300)}b`]
      for (const [index, id] of ids.entries()) {
        for (let count = 0; count <= index; count++) store.add(place(id, id), used)
      }
      for (const [index, id] of ids.entries()) {
        assert.equal(sumCounts(await store.read({ user: id, since: today })).requests, index + 1)
        assert.equal(sumCounts(await store.read({ channel: id, since: today })).requests, index + 1)
        assert.equal((await store.byModel([today], id))[0].requests, index + 1)
      }
      assert.deepEqual((await store.topUsers([today], 2)).map(({ requests }) => requests), [6, 5])
    } finally {
      await app.stop()
    }
  })
})

describe('usage of earlier versions', () => {
  for (const [name, plugin, config] of [['memory', memory, {}], ['SQLite', sqlite, { path: ':memory:' }]] as const) {
    it(`is carried over once (${name})`, async () => {
      const app = await open(plugin, config)
      try {
        const rows = Array.from({ length: 230 }, (_, index) => ({
          day: localDay(now(), index % 40), ...place(`wecom-bot:u${index}`, `wecom-bot:c${index % 3}`), ...used,
        }))
        await app.database.upsert('gemini_usage', rows)
        const store = new UsageStore(createAccess(app), now)
        store.add(place('wecom-bot:u0', 'wecom-bot:c0'), used)
        await store.read({ since: today })
        await carryOverUsage(app.database)
        await carryOverUsage(app.database)
        assert.deepEqual(await app.database.get('gemini_usage', {}), [])
        assert.equal(sumCounts(await store.read({ since: '' })).requests, 231)
        assert.equal(sumCounts(await store.read({ user: 'wecom-bot:u0', since: today })).requests, 2)
      } finally {
        await app.stop()
      }
    })
  }
})

describe('sums of usage', () => {
  it('are the same in memory, and in a database that is read piece by piece', async () => {
    const app = await open(sqlite, { path: ':memory:' })
    const empty = new Context()
    try {
      const stores = [new UsageStore(createAccess(app), now), new UsageStore(createAccess(empty), now)]
      for (const store of stores) {
        for (let index = 0; index < 300; index++) {
          store.add(place(`u${index % 37}`, 'c', `m${index % 2}`), { ...used, prompt: index % 37 * 10 })
        }
      }
      const [stored, kept] = await Promise.all(stores.map(async (store) => {
        const sort = (rows: { model: string }[]) => rows.sort((a, b) => a.model < b.model ? -1 : 1)
        return [await store.topUsers([today], 5), sort(await store.byModel([localDay(now(), 1), today])), await store.byModel([today], 'absent')]
      }))
      assert.deepEqual(stored, kept)
      assert.equal((stored[0] as object[]).length, 5)
    } finally {
      await app.stop()
    }
  })

  it('of 30,000 rows take less than a second and hold nothing up', async function() {
    this.timeout(120_000)
    const app = await open(sqlite, { path: ':memory:' })
    try {
      const driver = app.database.drivers[0] as unknown as { _run(sql: string, params?: unknown[]): void }
      await app.database.get('gemini_token_usage', {}, { limit: 1 })
      const store = new UsageStore(createAccess(app), now)
      store.add(place('u0'), used)
      await store.read({ since: today })
      driver._run(`INSERT INTO gemini_token_usage (key, day, userKey, channelKey, user, channel, model, requests, errors, prompt, answer)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
        SELECT i, '${today}', substr(hex(i * 2654435761 % 4294967296) || hex(i % 1000), 1, 64), 'k', 'u' || (i % 1000), 'c', 'm' || (i % 3), 1, 0, 5, 5 FROM n`)
      let longest = 0
      let last = cpuTimeMs()
      const timer = setInterval(() => {
        longest = Math.max(longest, cpuTimeMs() - last)
        last = cpuTimeMs()
      }, 1)
      const start = cpuTimeMs()
      const days = Array.from({ length: 30 }, (_, index) => localDay(now(), 29 - index))
      const models = await store.byModel(days)
      await store.topUsers(days, 10)
      const elapsed = cpuTimeMs() - start
      clearInterval(timer)
      assert.equal(sumCounts(models).requests, 30_001)
      assert.ok(elapsed < 3000 && longest < 500, `${elapsed} ms, held for ${longest} ms`)
    } finally {
      await app.stop()
    }
  })
})
