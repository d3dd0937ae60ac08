import { rm, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from '@koishijs/plugin-database-sqlite'
import { DatabaseAccess } from 'common/database'
import { systemClock } from 'common/time'
import type { Session } from 'koishi'
import { Context, Logger } from 'koishi'
import { Statistics } from '../../plugins/assistant-status/src/report/statistics'
import type { Range } from '../../plugins/assistant-status/src/storage/periods'
import { RatingStore } from '../../plugins/assistant-status/src/storage/rating-store'
import { declareTables } from '../../plugins/assistant-status/src/storage/tables'
import { UsageReport } from '../../plugins/gemini-chat/src/usage/report'
import { UsageStore, declareUsageTable } from '../../plugins/gemini-chat/src/usage/usage-store'
import { runServer } from './child'
import { fill, numbers } from './filled-tables'
import type { SqliteDriver } from './filled-tables'

const PEOPLE = 2000
/** As long as rows are kept. */
const DAYS = 366
/** Of people and groups, the page keeps days for as long. */
const RANKED_DAYS = 31
const PERSON = { platform: 'wecom', userId: 'person-7' }

/** Columns with the row keys of people and channels. */
const KEYS = { user: 'userKey', channel: 'channelKey' }

export interface UsageOptions {
  rows: number
}

/** CPU time in milliseconds. */
export interface Cost {
  time: number
  /** The most of it without other work in between. */
  hold: number
}

/** The reports of `gemini.usage` and the page of statistics over tables in an SQLite file. */
runServer(async ({ rows }: UsageOptions) => {
  Logger.targets.splice(0)
  const folder = await mkdtemp(join(tmpdir(), 'bench-'))
  const app = new Context()
  app.plugin(Sqlite as never, { path: join(folder, 'koishi.db') })
  declareUsageTable(app)
  declareTables(app)
  await app.start()
  await new Promise<void>(resolve => void app.inject(['database'], () => resolve()))
  // Creates the tables.
  await app.database.get('gemini_token_usage', { key: '' })
  await app.database.get('assistant_activity', { key: '' })
  const driver = app.database.drivers[0] as unknown as SqliteDriver
  fill(driver, () => insertRows(driver, rows))
  insertActivity(driver)
  const access = new DatabaseAccess(app, { clock: systemClock, logger: new Logger('bench'), subject: 'usage' })
  const reports = new UsageReport(app, new UsageStore(access, Date.now), Date.now)
  const ratings = new RatingStore(access, systemClock, DAYS)
  const statistics = new Statistics(access, ratings, Date.now, () => false)
  const page = (range: Range) => () => measure(() => statistics.report(range))
  const session = { ...PERSON, i18n: ([path]: string[]) => [path], locales: [] } as unknown as Session
  return {
    port: () => 0,
    all: () => measure(() => reports.all(session)),
    own: () => measure(() => reports.own(session)),
    pageOfDay: page('day'),
    pageOfMonth: page('month'),
    pageOfYear: page('year'),
    remove: () => app.stop().then(() => rm(folder, { recursive: true, force: true })),
  }
})

/** Rows of the past year, up to today, in one statement: as many each day, of people in turn. */
function insertRows(driver: SqliteDriver, rows: number) {
  driver._run(`
    ${numbers(rows)}
    INSERT INTO gemini_token_usage
      (key, day, user, channel, model, requests, errors, prompt, answer, userKey, channelKey)
    SELECT printf('%032x', n), date('now', 'localtime', '-' || (n % ${DAYS}) || ' days'),
      'wecom:person-' || (n % ${PEOPLE}), 'wecom:group-' || (n % 100), 'model-' || (n % 3), 3, 0, 100 + n % 900, 50,
      printf('%02x%062x', n % ${PEOPLE} % 256, n % ${PEOPLE}), printf('%064x', n % 100)
    FROM numbers`)
}

/** What the plugin of the page has counted meanwhile. */
function insertActivity(driver: SqliteDriver) {
  const hours = '(WITH RECURSIVE n (hour) AS (SELECT 0 UNION ALL SELECT hour + 1 FROM n WHERE hour < 23) SELECT hour FROM n)'
  const recent = (days: number) => `day > date('now', 'localtime', '-${days} days')`
  const periods: [dimension: string, span: string, period: string, name: string, from: string][] = [
    ['model', 'day', 'day', 'model', ''],
    ['model', 'hour', 'printf(\'%sT%02d\', day, hour)', 'model', `, ${hours} WHERE ${recent(RANKED_DAYS)}`],
    ['reason', 'day', 'day', '\'failed:server\'', ''],
    ...['user', 'channel'].flatMap((name): typeof periods => [
      [name, 'month', 'substr(day, 1, 7)', name, ''],
      [name, 'day', 'day', name, ` WHERE ${recent(RANKED_DAYS)}`],
      [name, 'hour', 'day || \'T12\'', name, ` WHERE ${recent(1)}`],
    ]),
  ]
  for (const [dimension, span, period, name, from] of periods) {
    driver._run(`
      INSERT INTO assistant_activity
        (key, dimension, span, period, platform, name, nameKey, answered, promptTokens, answerTokens, timed, totalMs)
      SELECT lower(hex(randomblob(16))), '${dimension}', '${span}', ${period}, 'wecom', ${name},
        ${name in KEYS ? KEYS[name as keyof typeof KEYS] : name}, sum(requests), sum(prompt), sum(answer), 3, 3000
      FROM gemini_token_usage${from} GROUP BY ${period}, ${name}`)
  }
}

async function measure(run: () => Promise<unknown>): Promise<Cost> {
  let hold = 0
  let isRunning = true
  const start = cpuTime()
  let last = start
  const watch = () => {
    const now = cpuTime()
    hold = Math.max(hold, now - last)
    last = now
    if (isRunning) setImmediate(watch)
  }
  setImmediate(watch)
  await run()
  const end = cpuTime()
  isRunning = false
  return { time: end - start, hold: Math.max(hold, end - last) }
}

/** On an idle machine, this is also the time that passes. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
