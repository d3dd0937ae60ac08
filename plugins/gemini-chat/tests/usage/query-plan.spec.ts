import assert from 'node:assert/strict'
import sqlite from '@minatojs/driver-sqlite'
import { settle } from 'common/testing'
import { Context } from 'koishi'
import { declareUsageTable, UsageStore } from '../../src/usage/usage-store'
import { localDay } from '../../src/util/local-time'
import { createAccess } from '../support/database'

interface Driver {
  _all(sql: string, ...rest: unknown[]): { detail: string }[]
  _run(sql: string): void
}

const REPORT_DAYS = 30
const DAYS = 90
const PEOPLE = 40

const now = () => new Date(2026, 10, 22, 12, 0).getTime()
const days = Array.from({ length: REPORT_DAYS }, (_, index) => localDay(now(), REPORT_DAYS - 1 - index))

describe('the queries of usage', () => {
  let app: Context
  let store: UsageStore
  let driver: Driver
  let statements: string[]

  before(async () => {
    app = new Context()
    app.plugin(sqlite as never, { path: ':memory:' })
    declareUsageTable(app)
    await app.start()
    while (!app.get('database')) await settle()
    await app.database.get('gemini_token_usage', {}, { limit: 1 })
    store = new UsageStore(createAccess(app), now)
    driver = app.database.drivers[0] as unknown as Driver
    // The more days ago, the more tokens: a query that reads other days has other sums.
    driver._run(`INSERT INTO gemini_token_usage (key, day, user, channel, model, userKey, channelKey, requests, errors, prompt, answer)
      WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${DAYS * PEOPLE - 1})
      SELECT i, date('${localDay(now())}', '-' || (i / ${PEOPLE}) || ' days'), 'p' || (i % ${PEOPLE}), 'c', 'm',
        printf('%02x%02x', i % ${PEOPLE} * 6, i % ${PEOPLE}), 'c', 1, 0, i / ${PEOPLE} * 1000 + i % ${PEOPLE}, 1 FROM n`)
    const all = driver._all.bind(driver)
    statements = []
    driver._all = (sql, ...rest) => {
      if (/^SELECT/i.test(sql)) statements.push(sql)
      return all(sql, ...rest)
    }
  })
  after(() => app.stop())
  beforeEach(() => { statements.splice(0) })

  const planOf = (sql: string) => driver._all(`EXPLAIN QUERY PLAN ${sql}`).map(({ detail }) => detail).join('\n')

  it('rank people from the rows of the days that are shown, which an index has without the rest of the table', async () => {
    const users = await store.topUsers(days, 3)
    const ranking = statements.filter(sql => /sum\(.*LIMIT 3/is.test(sql))
    assert.ok(ranking.length > 0)
    for (const sql of ranking) {
      assert.match(planOf(sql), /SEARCH \w+ USING COVERING INDEX \S+:day\+userKey\S+ \(day=\? AND userKey>\?/)
    }
    assert.deepEqual(users.map(({ user }) => user), ['p39', 'p38', 'p37'])
    assert.equal(users[0].requests, REPORT_DAYS)
    assert.equal(users[0].prompt, days.reduce((sum, _, index) => sum + index * 1000 + 39, 0))
  })

  it('read no day that is not shown', async () => {
    const [user] = await store.topUsers(days.slice(5, 7), 1)
    assert.deepEqual(user, { user: 'p39', requests: 2, errors: 0, prompt: 23_000 + 24_000 + 2 * 39, answer: 2 })
  })

  it('sum models from an index alone', async () => {
    await store.byModel(days)
    assert.ok(statements.length > 0)
    for (const sql of statements) assert.match(planOf(sql), /SEARCH \w+ USING COVERING INDEX \S+:day\+model/)
  })

  it('sum the usage of a person, and read that of a person or a channel for its limit, by an index', async () => {
    await store.byModel(days, 'p3')
    await store.read({ user: 'p3', since: days.at(-1)! })
    await store.read({ channel: 'c', since: days.at(-1)! })
    assert.ok(statements.length >= 3)
    for (const sql of statements) assert.match(planOf(sql), /SEARCH \w+ USING INDEX \S+:(?:user|channel)Key\+day/)
  })
})
