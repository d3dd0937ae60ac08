import assert from 'node:assert/strict'
import mock from '@koishijs/plugin-mock'
import { FakeClock } from 'common/testing'
import type { Context } from 'koishi'
import { answerPage } from '../../src/console/listeners'
import type { Now, Report } from '../../src/report/types'
import { Statistics } from '../../src/report/statistics'
import { ActivityStore } from '../../src/storage/activity-store'
import { RatingStore } from '../../src/storage/rating-store'
import { addCounts } from '../../src/storage/sums'
import { accessOf, NOON, openDatabase } from '../support/app'

interface Listener {
  callback(...args: unknown[]): unknown
  authority: number
}

/** The part of the console that the plugin uses. */
class Console {
  readonly listeners: Record<string, Listener> = {}

  addListener(name: string, callback: Listener['callback'], options: { authority: number }) {
    this.listeners[name] = { callback, ...options }
  }
}

const counts = (change: object) => ({ ...addCounts([]), ...change })

describe('what the page asks for', () => {
  let app: Context
  let console: Console
  let activity: ActivityStore
  let fork: ReturnType<Context['plugin']>

  beforeEach(async () => {
    app = await openDatabase('SQLite')
    app.plugin(mock as never)
    const clock = new FakeClock(NOON)
    const access = accessOf(app, clock)
    activity = new ActivityStore(access, clock, 366)
    const ratings = new RatingStore(access, clock, 366)
    const statistics = new Statistics(access, ratings, () => clock.now(), () => false)
    console = new Console()
    fork = app.plugin((ctx: Context) => {
      Object.assign(ctx, { console })
      answerPage(ctx, { flush: () => activity.flush(), now: () => clock.now(), statistics })
    })
    for (const [model, tokens] of [['small', 10], ['large', 100]] as const) {
      activity.add([
        { dimension: 'model', platform: 'wecom-bot', name: model },
        { dimension: 'user', platform: 'wecom-bot', name: 'wecom-bot:=1+1' },
      ], counts({ answered: 2, promptTokens: tokens, firstTexts: 2, firstTextMs: 900, timed: 2, totalMs: 4000 }))
    }
    activity.add([
      { dimension: 'model', platform: 'dingtalk', name: '' }, { dimension: 'reason', platform: 'dingtalk', name: 'refused:busy' },
    ], counts({ refused: 1 }))
    await ratings.save({
      platform: 'dingtalk', answer: 'a', user: 'u', opinion: 'bad', reasons: [2], comment: '', question: '=HYPERLINK("x")',
    })
  })
  afterEach(() => app.stop())

  const ask = async <T>(name: string, ...args: unknown[]) => await console.listeners[`assistant-status/${name}`].callback(...args) as T

  for (const range of ['day', 'month', 'year'] as const) {
    it(`is a report of a ${range}, with what has just been counted`, async () => {
      const report = await ask<Report>('report', range)
      assert.equal(report.counts.length, report.periods.length)
      assert.deepEqual(report.counts.at(-1), counts({
        answered: 4, refused: 1, promptTokens: 110, firstTexts: 4, firstTextMs: 1800, timed: 4, totalMs: 8000,
      }))
      assert.deepEqual(report.models.map(({ name, tokens }) => [name, tokens.at(-1)]), [['large', 100], ['small', 10]])
      assert.deepEqual(report.platforms.map(({ name, answered, refused }) => [name, answered, refused]).sort(), [
        ['dingtalk', 0, 1], ['wecom-bot', 4, 0],
      ])
      assert.deepEqual(report.reasons, [{ name: 'refused:busy', count: 1 }])
      assert.deepEqual(report.people.map(({ name, answered }) => [name, answered]), [['wecom-bot:=1+1', 4]])
      assert.equal(report.hours[12], 5)
      assert.deepEqual(report.ratings, [{ day: '2026-11-26', good: 0, bad: 1 }])
      assert.deepEqual(report.newestRatings.map(({ reasons }) => reasons), ['2'])
    })
  }

  for (const [name, expected] of [
    ['periods', /^\ufeff"period","questions","answered",.*\r\n(?:"2026.*\r\n){30}$/],
    ['models', /^\ufeff"model",.*\r\n"large",2,.*\r\n"small",2,/],
    ['hours', /\r\n12,5\r\n/],
    ['reasons', /^\ufeff"result","reason","questions"\r\n"refused","busy",1\r\n$/],
    ['people', /\r\n"wecom-bot:=1\+1",4,/],
    ['groups', /^\ufeff"group",.*\r\n$/],
    ['ratings', /"bad","2","","'=HYPERLINK\(""x""\)"\r\n$/],
  ] as const) {
    it(`is a table of ${name}`, async () => {
      await activity.flush()
      assert.match(await ask<string>('export', 'month', name), expected)
    })
  }

  it('is only ever one of the fixed ranges and tables', async () => {
    for (const range of ['', 'decade', 1, null, { toString: () => 'day' }, ['day'], '__proto__']) {
      await assert.rejects(async () => ask('report', range), TypeError)
      await assert.rejects(async () => ask('export', range, 'periods'), TypeError)
      await assert.rejects(async () => ask('export', 'day', range), TypeError)
    }
  })

  it('is only for administrators where the console has users', () => {
    assert.deepEqual(Object.values(console.listeners).map(({ authority }) => authority), [4, 4, 4])
  })

  it('contains what other plugins tell, and the state of bots', async () => {
    const part = { source: 'dingtalk-app', id: 'a', month: '2026-11', calls: { used: 1, limit: 2 }, messages: { used: 0, limit: 0 } }
    const servers = { source: 'mcp-servers', servers: [{ name: 'wiki', status: 'connected', tools: 3 }] }
    app.on('assistant-status/now', parts => void parts.push(part, servers, { source: 'unknown' }, {}))
    const now = await ask<Now>('now')
    assert.deepEqual(now.parts, [part, servers])
    assert.equal(now.database, 'sqlite')
    assert.deepEqual(now.bots.map(({ platform, state }) => [platform, state]), [['mock', 'online']])
  })

  it('is not answered after the plugin is gone', () => {
    fork.dispose()
    assert.deepEqual(console.listeners, {})
  })
})
