import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import type { Context } from 'koishi'
import { periodsOf, rankedSince } from '../../src/storage/periods'
import type { Range } from '../../src/storage/periods'
import { sumByPeriod, topNames } from '../../src/storage/sums'
import { Statistics } from '../../src/report/statistics'
import { RatingStore } from '../../src/storage/rating-store'
import { accessOf, NOON, openDatabase } from '../support/app'

interface Driver {
  _all(sql: string, ...rest: unknown[]): { detail: string }[]
  _run(sql: string): void
}

const PEOPLE = 300

describe('the queries of the page', () => {
  let app: Context
  let driver: Driver
  let statements: string[]

  before(async () => {
    app = await openDatabase('SQLite')
    await app.database.get('assistant_activity', {}, { limit: 1 })
    driver = app.database.drivers[0] as unknown as Driver
    driver._run(`INSERT INTO assistant_activity (key, dimension, span, period, platform, name, nameKey, promptTokens, answerTokens, answered)
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${PEOPLE * 12})
      SELECT 'k' || i, CASE i % 2 WHEN 0 THEN 'user' ELSE 'channel' END, 'month', '2026-' || substr('0' || (1 + i % 12), -2), 'wecom-bot',
        'p' || (i / 12), substr(hex(randomblob(1)), 1, 2) || (i / 12), i, i, 1 FROM n`)
    driver._run('UPDATE assistant_activity SET nameKey = lower(nameKey)')
    const all = driver._all.bind(driver)
    statements = []
    driver._all = (sql, ...rest) => {
      if (/^SELECT/i.test(sql)) statements.push(sql)
      return all(sql, ...rest)
    }
  })
  after(() => app.stop())
  beforeEach(() => { statements.splice(0) })

  const planOf = (sql: string) => driver._all(`EXPLAIN QUERY PLAN ${sql}`).map(({ detail }) => detail)
  /** Scans of tables, that is, of what is not the result of another part of the statement. */
  const scansOf = (sql: string) => {
    const plan = planOf(sql)
    const results = plan.flatMap(line => /^(?:CO-ROUTINE|MATERIALIZE) (\S+)/.exec(line)?.[1] ?? [])
    // The newest ratings are the first ones of their index.
    const isNewest = sql.includes(' LIMIT ')
    return plan.filter(line => /^SCAN /.test(line) && !results.includes(line.split(' ')[1]))
      .filter(line => !isNewest || !line.endsWith(' USING INDEX index:assistant_rating:time'))
  }

  it('rank people from the index alone, and read the counts of those that are shown at once', async () => {
    const top = await topNames(app.database, 'user', rankedSince('year', NOON), 10)
    assert.equal(top.length, 10)
    const [ranking, details] = [statements.slice(0, -1), statements.slice(-1)]
    assert.ok(ranking.length >= 1 && ranking.length <= 256, `${ranking.length} statements`)
    for (const sql of ranking) {
      assert.doesNotMatch(sql, /firstTextMs/, 'ranking reads tokens only')
      assert.match(planOf(sql).join('\n'), /SEARCH \w+ USING COVERING INDEX index:assistant_activity:dimension\+span\+nameKey/)
      assert.deepEqual(scansOf(sql), [])
    }
    assert.match(details[0], /firstTextMs/)
    assert.match(planOf(details[0]).join('\n'), /SEARCH \w+ USING INDEX/)
    assert.deepEqual(scansOf(details[0]), [])
  })

  for (const range of ['day', 'month', 'year'] as Range[]) {
    it(`sum a ${range} by an index, without a scan of the table`, async () => {
      const periods = periodsOf(range, NOON)
      await sumByPeriod(app.database, 'model', range === 'day' ? 'hour' : 'day', periods)
      for (const sql of statements) {
        assert.match(planOf(sql).join('\n'), /SEARCH \w+ USING INDEX/)
        assert.deepEqual(scansOf(sql), [])
      }
      assert.ok(statements.length <= periods.length, `${statements.length} statements`)
    })

    it(`make a report of a ${range} without a scan of a table`, async () => {
      const clock = new FakeClock(NOON)
      const access = accessOf(app, clock)
      await new Statistics(access, new RatingStore(access, clock, 366), () => NOON, () => false).report(range)
      assert.ok(statements.length > 4)
      for (const sql of statements) assert.deepEqual(scansOf(sql), [], sql)
    })
  }
})
