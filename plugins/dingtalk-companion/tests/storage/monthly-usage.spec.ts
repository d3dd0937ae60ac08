import assert from 'node:assert/strict'
import { DatabaseAccess } from 'common/database'
import { FakeClock } from 'common/testing'
import memory from '@koishijs/plugin-database-memory'
import { Context } from 'koishi'
import { MonthlyQuota } from '../../src/api/monthly-quota'
import { MonthlyUsageStore } from '../../src/storage/monthly-usage'
import type { UsageKind } from '../../src/storage/monthly-usage'
import { declareTables } from '../../src/storage/tables'
import { settle } from 'common/testing'
import '../support/quiet'

const DAY_MS = 86_400_000

describe('MonthlyUsageStore', () => {
  let app: Context
  let clock: FakeClock
  let accesses: number

  beforeEach(async () => {
    clock = new FakeClock()
    accesses = 0
    app = new Context()
    app.plugin(memory)
    declareTables(app)
    await app.start()
  })

  afterEach(() => app.stop())

  /** One process that counts. */
  function start(appKey = 'dingkey', kind: UsageKind = 'calls'): MonthlyQuota {
    const logger = { info() {}, warn() {} }
    const database = new DatabaseAccess(app, { clock, logger, subject: 'quota' })
    const run = database.run.bind(database)
    database.run = (task) => {
      accesses++
      return run(task)
    }
    const store = new MonthlyUsageStore(database, appKey, kind)
    return new MonthlyQuota({ clock, limit: 100, warn() {}, changed: quota => store.save(quota) })
  }

  async function idle() {
    for (let count = 0; count < 30; count++) await settle()
  }

  it('loses nothing that processes count at the same time', async () => {
    const processes = [start(), start(), start()]
    await Promise.all(processes.map(async (quota) => {
      for (let count = 0; count < 12; count++) {
        quota.spend()
        await settle()
      }
    }))
    await idle()
    for (const quota of processes) quota.spend(0)
    await idle()
    assert.deepEqual(processes.map(({ used }) => used), [36, 36, 36])
    const restarted = start()
    restarted.spend(0)
    await idle()
    assert.equal(restarted.used, 36)
  })

  it('keeps apps apart whose keys differ in case, and calls from messages', async () => {
    const counts = [['dingkey', 'calls', 1], ['dingKEY', 'calls', 2], ['dingkey', 'messages', 3], ['dingkey ', 'calls', 4]] as const
    for (const [key, kind, count] of counts) start(key, kind).spend(count)
    await idle()
    for (const [key, kind, count] of counts) {
      const quota = start(key, kind)
      quota.spend(0)
      await idle()
      assert.equal(quota.used, count, key)
    }
  })

  it('takes back calls that were not billed, also when they are the last ones', async () => {
    const quota = start()
    quota.spend(3)
    await idle()
    quota.spend(-3)
    await idle()
    const other = start()
    other.spend(0)
    await idle()
    assert.equal(other.used, 0)
  })

  it('removes the rows of earlier months', async () => {
    start().spend(5)
    await idle()
    await clock.advance(31 * DAY_MS)
    const quota = start()
    quota.spend(1)
    await idle()
    assert.equal(quota.used, 1)
    assert.deepEqual((await app.database.get('dingtalk_usage', {})).map(({ count }) => count), [1])
  })

  it('accesses the database once for many calls, and not again before the next one', async () => {
    const quota = start()
    for (let count = 0; count < 50; count++) quota.spend()
    await idle()
    assert.equal(accesses, 1)
    app.database.get = () => Promise.reject(new Error('database is locked'))
    quota.spend()
    await idle()
    assert.equal(accesses, 2)
  })
})
