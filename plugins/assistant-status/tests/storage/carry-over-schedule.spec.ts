import assert from 'node:assert/strict'
import { rowKey } from 'common/database'
import { FakeClock, settle } from 'common/testing'
import type { Context, ForkScope } from 'koishi'
import { declareUsageTable } from '../../../gemini-chat/src/usage/usage-table'
import { scheduleCarryOver } from '../../src/storage/carry-over-schedule'
import { dayBefore } from '../../src/storage/periods'
import { accessOf, NOON, openDatabase } from '../support/app'

describe('carrying over usage after the start', () => {
  let app: Context
  let clock: FakeClock
  let plugin: ForkScope
  let lines: string[]

  beforeEach(async () => {
    app = await openDatabase('memory')
    clock = new FakeClock(NOON)
    lines = []
  })
  afterEach(() => app.stop())

  function start() {
    const apply = (ctx: Context) => {
      scheduleCarryOver(ctx, { access: accessOf(app, clock, lines), clock, retentionDays: 31 })
    }
    plugin = app.plugin({ name: 'statistics', apply })
  }

  /** Usage of three days ago, as gemini-chat counts it. */
  async function use() {
    declareUsageTable(app)
    await app.database.create('gemini_token_usage', {
      key: 'usage', userKey: rowKey('wecom-bot:a'), channelKey: rowKey('wecom-bot:g'), day: dayBefore(NOON, 3), user: 'wecom-bot:a', channel: 'wecom-bot:g', model: 'm',
      requests: 4, errors: 0, prompt: 40, answer: 20,
    })
  }

  const rows = () => app.database.get('assistant_activity', {})
  const counted = async () => (await rows()).filter(({ dimension, span }) => dimension === 'model' && span === 'day')
    .map(({ answered }) => answered)

  /** Waits until the row says so that ends the work. */
  async function done() {
    while (!(await rows()).some(({ period }) => period === '9999-12')) await settle()
    await settle()
  }

  it('comes 15 seconds after the start, once, and leaves no timer', async () => {
    await use()
    start()
    await clock.advance(14_999)
    assert.deepEqual(await rows(), [])
    await clock.advance(1)
    await done()
    assert.deepEqual([await counted(), clock.pending], [[4], 0])
  })

  it('is tried again every five minutes until gemini-chat is loaded', async () => {
    start()
    await clock.advance(15_000)
    for (let time = 0; time < 3; time++) await clock.advance(300_000)
    assert.deepEqual([await rows(), clock.pending, lines], [[], 1, []])
    await use()
    await clock.advance(300_000)
    await done()
    assert.deepEqual([await counted(), clock.pending], [[4], 0])
  })

  it('is tried again after a failure of the database, with a line in the log', async () => {
    await use()
    const { get } = app.database
    app.database.get = () => Promise.reject(new Error('the disk is full'))
    start()
    await clock.advance(15_000)
    assert.equal(clock.pending, 1)
    assert.match(lines.join('\n'), /^could not access [^\n]*$/)
    app.database.get = get
    await clock.advance(300_000)
    await done()
    assert.deepEqual(await counted(), [4])
  })

  it('ends with the plugin', async () => {
    start()
    await clock.advance(15_000)
    plugin.dispose()
    assert.equal(clock.pending, 0)
  })
})
