import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import stock from '@minatojs/driver-sqlite'
import { until } from 'common/testing'
import { Context, Logger } from 'koishi'
import { SQLiteDriver as WithLog } from '../../packages/plugin-database-sqlite/write-ahead-log'

interface RowOfLog {
  id: number
  text: string
}

declare module 'koishi' {
  interface Tables {
    write_ahead_log: RowOfLog
  }
}

/** Writes rows without end, and is killed after the hundredth. */
const writer = `
const { Context, Logger } = require('koishi')
const { SQLiteDriver } = require(process.argv[1])
Logger.levels = { base: 0 }
const app = new Context()
app.plugin(SQLiteDriver, { path: process.argv[2] })
app.model.extend('write_ahead_log', { id: 'unsigned', text: 'text' }, { autoInc: true })
app.start()
app.inject(['database'], async () => {
  for (let row = 1;; row++) {
    await app.database.create('write_ahead_log', { text: 'row ' + row })
    if (row === 100) process.kill(process.pid, 'SIGKILL')
  }
})
`

async function open(driver: unknown, path: string) {
  const app = new Context()
  app.plugin(driver as never, { path })
  app.model.extend('write_ahead_log', { id: 'unsigned', text: 'text' }, { autoInc: true })
  await app.start()
  await new Promise<unknown>(resolve => app.inject(['database'], resolve))
  await app.database.get('write_ahead_log', {})
  return app
}

describe('the SQLite file of the instance', () => {
  const { levels } = Logger
  let folder: string
  let path: string

  before(() => { Logger.levels = { ...levels as object, sqlite: Logger.SILENT } as never })
  after(() => { Logger.levels = levels })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'write-ahead-log-'))
    path = join(folder, 'koishi.db')
  })
  afterEach(() => rm(folder, { recursive: true, maxRetries: 5 }))

  /** The driver closes the file a little after the instance has stopped. */
  const untilClosed = () => until(() => ['-wal', '-journal'].every(suffix => !existsSync(path + suffix)))

  async function rowsWith(driver: unknown) {
    const app = await open(driver, path)
    const rows = await app.database.get('write_ahead_log', {})
    const connection = app.database.drivers[0] as unknown as { _get(sql: string): { journal_mode: string } }
    const mode = connection._get('PRAGMA journal_mode')
    await app.stop()
    await untilClosed()
    return { count: rows.length, mode: mode.journal_mode }
  }

  it('is taken over from the stock driver, and can be given back', async () => {
    const app = await open(stock, path)
    await app.database.create('write_ahead_log', { text: 'written by the stock driver' })
    await app.stop()
    await new Promise(resolve => setTimeout(resolve, 20))
    assert.deepEqual(await rowsWith(WithLog), { count: 1, mode: 'wal' })
    assert.deepEqual(await readdir(folder), ['koishi.db'])
    assert.deepEqual(await rowsWith(stock), { count: 1, mode: 'delete' })
  })

  it('has every row after kill -9, of which some are in the log only', async () => {
    const script = require.resolve('../../packages/plugin-database-sqlite/write-ahead-log')
    await assert.rejects(promisify(execFile)(process.execPath, ['-e', writer, script, path], { cwd: join(__dirname, '../..') }))
    assert.deepEqual((await readdir(folder)).sort(), ['koishi.db', 'koishi.db-wal'])
    await cp(path, join(folder, 'copy-without-log.db'))
    assert.deepEqual(await rowsWith(WithLog), { count: 100, mode: 'wal' })
    assert.deepEqual(await rowsWith(WithLog), { count: 100, mode: 'wal' })
  }).timeout(30_000)

  it('is used by the plugin when it is reloaded', async () => {
    const app = await open(WithLog, path)
    for (let round = 0; round < 5; round++) {
      await app.database.create('write_ahead_log', { text: `${round}` })
      const [former] = app.database.drivers
      // Not the fork: that of a plugin that is loaded once does nothing.
      app.registry.get(WithLog as never)!.restart()
      await until(() => {
        const [driver] = app.get('database')?.drivers ?? []
        return driver && driver !== former
      })
    }
    assert.equal((await app.database.get('write_ahead_log', {})).length, 5)
    await app.stop()
  }).timeout(20_000)

  it('is given up with the cure while something else uses it, and can be opened later', async () => {
    const app = await open(WithLog, path)
    const driver = Object.assign(Object.create(WithLog.prototype) as InstanceType<typeof WithLog>, {
      config: { path }, ctx: app, define: () => {}, logger: new Logger('sqlite'),
    })
    await assert.rejects(driver.start(), /could not open the database .*: something else in this process uses it/)
    await app.stop()
    await new Promise(resolve => setTimeout(resolve, 20))
    assert.deepEqual(await rowsWith(WithLog), { count: 0, mode: 'wal' })
  }).timeout(20_000)

  it('undoes a transaction whose disk is full, and runs those after it', async () => {
    const app = await open(WithLog, path)
    const { db } = app.database.drivers[0] as unknown as { db: { exec(sql: string): void } }
    const add = (text: string) => app.database.withTransaction(async (database) => {
      await database.create('write_ahead_log', { text })
    })
    await add('before')
    db.exec('PRAGMA max_page_count = 1')
    const outcomes = await Promise.allSettled([add('x'.repeat(100_000)), add('y'.repeat(100_000))])
    assert.deepEqual(outcomes.map(({ status }) => status), ['rejected', 'rejected'])
    db.exec('PRAGMA max_page_count = 100000')
    await add('after')
    assert.deepEqual((await app.database.get('write_ahead_log', {})).map(({ text }) => text), ['before', 'after'])
    await app.stop()
  })

  it('undoes a transaction that cannot be committed, and runs those after it', async () => {
    const app = await open(WithLog, path)
    const driver = app.database.drivers[0] as unknown as { _run(sql: string, ...rest: unknown[]): unknown }
    const add = (text: string) => app.database.withTransaction(async (database) => {
      await database.create('write_ahead_log', { text })
    })
    const run = driver._run.bind(driver)
    driver._run = (sql, ...rest) => {
      if (sql === 'COMMIT') throw new Error('database or disk is full')
      return run(sql, ...rest)
    }
    await assert.rejects(add('lost'), /disk is full/)
    driver._run = run
    await add('after')
    assert.deepEqual((await app.database.get('write_ahead_log', {})).map(({ text }) => text), ['after'])
    await app.stop()
  })

  it('prepares a statement once, and not too many', async () => {
    const app = await open(WithLog, path)
    const driver = app.database.drivers[0] as unknown as {
      db: { prepare(sql: string): unknown }
      statements: Map<string, unknown>
      _run(sql: string, params?: unknown[]): void
      _all(sql: string, params?: unknown[]): unknown[]
    }
    const prepared: string[] = []
    const prepare = driver.db.prepare.bind(driver.db)
    driver.db.prepare = (sql) => {
      prepared.push(sql)
      return prepare(sql)
    }
    const add = (text: string) => app.database.create('write_ahead_log', { text })
    for (const text of ['a', 'b', 'c']) await add(text)
    assert.equal(prepared.filter(sql => sql.startsWith('INSERT')).length, 1)
    const insert = 'INSERT INTO write_ahead_log (id, text) VALUES (?, ?)'
    for (let time = 0; time < 2; time++) assert.throws(() => driver._run(insert, [1, 'again']), /UNIQUE/)
    driver._run(insert, [9, 'after a failure'])
    // A statement that has not been read to its end holds no lock.
    await app.database.withTransaction(async database => void await database.set('write_ahead_log', { id: 9 }, { text: 'nine' }))
    driver._run('ALTER TABLE write_ahead_log ADD later TEXT')
    driver._run(insert, [10, 'after a change of the table'])
    for (let limit = 0; limit < 1200; limit++) driver._all(`SELECT id FROM write_ahead_log WHERE id > ? LIMIT ${limit}`, [0])
    assert.ok(driver.statements.size <= 500, `${driver.statements.size} statements`)
    const texts = (await app.database.get('write_ahead_log', {})).map(({ text }) => text)
    assert.deepEqual(texts, ['a', 'b', 'c', 'nine', 'after a change of the table'])
    await app.stop()
    await untilClosed()
  })

  it('may be in memory', async () => {
    path = ':memory:'
    assert.deepEqual(await rowsWith(WithLog), { count: 0, mode: 'memory' })
  })
})
