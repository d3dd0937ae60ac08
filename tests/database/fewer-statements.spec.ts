import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import stock from '@minatojs/driver-sqlite'
import { $, Context, Logger } from 'koishi'
import { withFewerStatements } from '../../packages/plugin-database-sqlite/fewer-statements'
import { SQLiteDriver as WithLog } from '../../packages/plugin-database-sqlite/write-ahead-log'
import { NodeSqliteDriver } from '../../plugins/database-node-sqlite/src'

interface Sample {
  id: number
  name: string
  group: string
  count: number
  flag: boolean
  tags: string[]
  data: { list?: unknown[], text?: string, deep?: { a?: number, b?: number } } | null
  at: Date
  blob: ArrayBuffer
}

declare module 'koishi' {
  interface Tables {
    fewer_sample: Sample
    fewer_pair: { left: string, right: number, text: string }
  }
}

/** The driver that the instance uses on this Node.js. */
const fewer = withFewerStatements((isBuiltin('node:sqlite') ? NodeSqliteDriver : WithLog) as never)
const ROUNDS = 200

/** Numbers that are the same each time. */
function numbersFrom(seed: number) {
  return (limit: number) => {
    seed = Math.imul(seed ^ seed >>> 15, 0x2c1b3c6d) + 0x9e3779b9 | 0
    return (seed >>> 0) % limit
  }
}

async function open(driver: unknown, path: string) {
  const app = new Context()
  app.plugin(driver as never, { path })
  app.model.extend('fewer_sample', {
    id: 'unsigned', name: 'string(255)', group: { type: 'string', initial: 'none' }, count: { type: 'unsigned', initial: 7 },
    flag: 'boolean', tags: 'list', data: 'json', at: 'timestamp', blob: 'binary',
  } as never, { autoInc: true, unique: ['name'], indexes: ['group'] })
  app.model.extend('fewer_pair', { left: 'string(63)', right: 'unsigned', text: 'text' }, { primary: ['left', 'right'] })
  await app.start()
  await new Promise<unknown>(resolve => app.inject(['database'], resolve))
  await app.database.get('fewer_sample', {}, { limit: 1 })
  await app.database.get('fewer_pair', {}, { limit: 1 })
  return app
}

/** What reaches SQLite. */
function statementsOf(app: Context) {
  const statements: string[] = []
  const { logger } = app.database.drivers[0] as unknown as { logger: { debug(format: string, sql: string): void } }
  // Each driver logs its statements, and is silent here.
  logger.debug = (_, sql) => {
    if (!/^SELECT (?:changes|last_insert_rowid)\(/.test(sql)) statements.push(sql.split(' ', 1)[0]!)
  }
  return statements
}

describe('the driver for SQLite that reaches for the file less often', () => {
  const { levels } = Logger
  let folder: string
  const apps: Context[] = []
  const start = async (driver: unknown = fewer, path = join(folder, 'koishi.db')) => {
    const app = await open(driver, path)
    apps.push(app)
    return app
  }

  before(() => { Logger.levels = { ...levels as object, sqlite: Logger.SILENT, 'node-sqlite': Logger.SILENT } as never })
  after(() => { Logger.levels = levels })
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'fewer-statements-')) })
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.stop()
    await rm(folder, { recursive: true, maxRetries: 5 })
  })

  type Step = (database: Context['database']) => Promise<unknown>

  /** A change or a read, of one of the kinds that plugins make. */
  function stepOf(next: (limit: number) => number): Step {
    const [id, count] = [1 + next(8), next(1000)]
    const name = `name ${next(6)}`
    const at = new Date(1_700_000_000_000 + next(1000))
    const data = [null, {}, { text: 'it\'s `x` (1)' }, { deep: { a: 1 } }, { list: [1, { b: '二' }] }][next(5)]
    const steps: Step[] = [
      database => database.get('fewer_sample', { id }),
      database => database.get('fewer_sample', { name }, ['id', 'name', 'count']),
      database => database.get('fewer_sample', { id: [id, id + 1] }, { sort: { id: 'desc' } }),
      database => database.get('fewer_sample', { group: 'none', count: { $gt: count } }, { limit: 3, sort: { id: 'asc' } }),
      database => database.get('fewer_pair', { left: name, right: id % 3 }),
      database => database.eval('fewer_sample', row => $.sum(row.count)),
      database => database.create('fewer_sample', { name, count, data, at, tags: ['a', name], blob: new Uint8Array([id]).buffer } as never),
      database => database.set('fewer_sample', { id }, { count, flag: id % 2 === 0, at }),
      database => database.set('fewer_sample', { id }, { data, tags: [], group: `group ${id % 2}` }),
      database => database.set('fewer_sample', { name }, row => ({ count: $.add(row.count, 1) })),
      database => database.set('fewer_sample', { group: 'none' }, { flag: true }),
      database => database.set('fewer_sample', { id, data: { $exists: true } as never }, { 'data.deep.b': id } as never),
      database => database.set('fewer_sample', { flag: true }, { name }),
      database => database.set('fewer_pair', { left: name }, { text: `${count}` }),
      database => database.upsert('fewer_sample', [{ id, count, flag: false }]),
      database => database.upsert('fewer_sample', [{ name, count, data } as never, { name: `${name}?`, at }], 'name'),
      database => database.upsert('fewer_sample', row => [{ id, count: $.add(row.count, 5) }]),
      database => database.upsert('fewer_sample', [{ name }], 'name'),
      database => database.upsert('fewer_sample', [{ id, name, count }, { id: id + 1, name: 'name 0' }, { id: id + 2, count }]),
      database => database.upsert('fewer_pair', [{ left: name, right: id % 3, text: `${count}` }, { left: 'x', right: id, text: '' }]),
      database => database.upsert('fewer_sample', Array.from({ length: 40 }, (_, index) => ({ id: 100 + index, name: `many ${index}`, count }))),
      database => database.remove('fewer_sample', { id }),
      database => database.remove('fewer_pair', { left: name }),
      database => database.withTransaction(async (inside) => {
        await inside.set('fewer_sample', { id }, { count })
        await inside.get('fewer_sample', { id })
        await inside.upsert('fewer_pair', [{ left: name, right: 8, text: 'a' }, { left: name, right: 9, text: 'b' }])
        if (count % 2) throw new Error('undone')
      }),
    ]
    return steps[next(steps.length)]!
  }

  for (const seed of [1, 2, 3]) {
    it(`does what the stock driver does (${seed})`, async () => {
      const [next, same] = [numbersFrom(seed), numbersFrom(seed)]
      const { database } = await start(fewer, ':memory:')
      const { database: expected } = await start(stock, ':memory:')
      const outcome = (promise: Promise<unknown>) => promise.catch(error => `error: ${(error as Error).message}`)
      for (let round = 0; round < ROUNDS; round++) {
        const result = await outcome(stepOf(next)(database))
        assert.deepEqual(result, await outcome(stepOf(same)(expected)), `result of step ${round}`)
        if (round % 10) continue
        for (const table of ['fewer_sample', 'fewer_pair'] as const) {
          assert.deepEqual(await database.get(table, {}), await expected.get(table, {}), `${table} after step ${round}`)
        }
      }
    }).timeout(60_000)
  }

  it('sets, and updates, in one statement', async () => {
    const app = await start()
    const { database } = app
    for (const name of ['a', 'b']) await database.create('fewer_sample', { name })
    const statements = statementsOf(app)
    assert.deepEqual(await database.set('fewer_sample', { id: 1 }, { count: 3, data: { text: 'x' } }), { matched: 1 })
    assert.deepEqual(await database.set('fewer_sample', { id: 9 }, { count: 3 }), { matched: 0 })
    assert.deepEqual(await database.upsert('fewer_sample', [{ id: 1, count: 4 }, { id: 2, count: 5 }]), { inserted: 0, matched: 2, modified: 0 })
    assert.deepEqual(statements.splice(0), ['UPDATE', 'UPDATE', 'SAVEPOINT', 'UPDATE', 'UPDATE', 'RELEASE'])
    assert.deepEqual(await database.upsert('fewer_sample', [{ id: 3, name: 'c' }]), { inserted: 1, matched: 0, modified: 0 })
    assert.deepEqual(statements, ['UPDATE', 'INSERT'])
    assert.deepEqual((await database.get('fewer_sample', {}, ['count', 'name'])), [
      { count: 4, name: 'a' }, { count: 5, name: 'b' }, { count: 7, name: 'c' },
    ])
  })

  it('writes several rows together, and those before one that fails', async () => {
    const app = await start()
    const { database } = app
    await database.create('fewer_sample', { name: 'taken' })
    const rows = [{ id: 2, name: 'b' }, { id: 3, name: 'taken' }, { id: 4, name: 'd' }]
    const driver = app.database.drivers[0] as unknown as { _run(sql: string, ...rest: unknown[]): unknown }
    const run = driver._run.bind(driver)
    const fullAt = (statement: string) => {
      driver._run = (sql, ...rest) => {
        if (!sql.startsWith(statement)) return run(sql, ...rest)
        driver._run = run
        // As SQLite does where the disk is full.
        run('ROLLBACK TO several_rows')
        run('RELEASE several_rows')
        throw new Error('database or disk is full')
      }
    }
    await assert.rejects(database.upsert('fewer_sample', rows as never), /UNIQUE/)
    const sorted = { fields: ['id', 'name'], sort: { id: 'asc' } } as const
    assert.deepEqual(await database.get('fewer_sample', {}, sorted as never), [{ id: 1, name: 'taken' }, { id: 2, name: 'b' }])
    for (const statement of ['UPDATE', 'RELEASE']) {
      fullAt(statement)
      const result = await database.upsert('fewer_sample', [{ id: 1, count: 9 }, { id: 2, count: 9 }])
      assert.deepEqual(result, { inserted: 0, matched: 2, modified: 0 }, statement)
    }
    await assert.rejects(database.withTransaction(async (inside) => {
      await inside.upsert('fewer_sample', [{ id: 1, count: 5 }, { id: 2, count: 5 }])
      await inside.upsert('fewer_sample', rows as never).catch(() => {})
      throw new Error('undone')
    }), /undone/)
    assert.deepEqual(await database.get('fewer_sample', { count: 9 }, ['id']), [{ id: 1 }, { id: 2 }])
  })

  it('reads a row once, until its table is written', async () => {
    const app = await start()
    const { database } = app
    await database.create('fewer_sample', { name: 'it\'s', data: { list: [1] } })
    const statements = statementsOf(app)
    const read = async () => (await database.get('fewer_sample', { name: 'it\'s' }))[0]!
    const first = await read()
    const again = await read()
    assert.deepEqual(again, first)
    assert.deepEqual(statements.splice(0), ['SELECT'])
    // What is read belongs to the reader.
    first.data!.list!.push(2)
    first.name = 'changed'
    assert.deepEqual(await read(), again)
    const writes: (() => Promise<unknown>)[] = [
      () => database.set('fewer_sample', { id: 1 }, { count: 1 }),
      () => database.set('fewer_sample', { count: { $gt: 0 } }, { count: 2 }),
      () => database.upsert('fewer_sample', [{ id: 1, count: 3 }]),
      () => database.create('fewer_sample', { name: 'other' }),
      () => database.remove('fewer_sample', { name: 'other' }),
      () => assert.rejects(database.create('fewer_sample', { name: 'it\'s' })),
      async () => (app.database.drivers[0] as unknown as { _run(sql: string): void })._run('UPDATE Fewer_Sample SET count = 4'),
      async () => (app.database.drivers[0] as unknown as { _run(sql: string): void })._run('REPLACE INTO fewer_sample (id, name) VALUES (9, \'9\')'),
    ]
    for (const write of writes) {
      await read()
      await write()
      statements.splice(0)
      await read()
      assert.deepEqual(statements, ['SELECT'], String(write))
    }
    await database.create('fewer_pair', { left: 'a', right: 1 })
    statements.splice(0)
    await read()
    assert.deepEqual(statements, [], 'another table was written')
    assert.equal((await read()).count, 4)
  })

  it('forgets what was read in a transaction that is rolled back', async () => {
    const { database } = await start()
    await database.create('fewer_sample', { name: 'a', count: 1 })
    await assert.rejects(database.withTransaction(async (inside) => {
      await inside.set('fewer_sample', { id: 1 }, { count: 2 })
      assert.equal((await inside.get('fewer_sample', { id: 1 }))[0]!.count, 2)
      throw new Error('undone')
    }), /undone/)
    assert.equal((await database.get('fewer_sample', { id: 1 }))[0]!.count, 1)
  })

  it('keeps a limited number of small results', async () => {
    const app = await start()
    const { database } = app
    for (let index = 0; index < 6; index++) await database.create('fewer_sample', { name: `${index}`, group: 'six' })
    await database.create('fewer_sample', { name: 'x'.repeat(2000), group: 'long' })
    const statements = statementsOf(app)
    const times = async (read: () => Promise<unknown>) => {
      statements.splice(0)
      await read()
      await read()
      return statements.length
    }
    assert.equal(await times(() => database.get('fewer_sample', { group: 'six' }, ['id'])), 2)
    assert.equal(await times(() => database.get('fewer_sample', { group: 'long' }, ['name'])), 2)
    assert.equal(await times(() => database.get('fewer_sample', { name: 'x'.repeat(2000) }, ['id'])), 2)
    assert.equal(await times(() => database.get('fewer_sample', { name: '1' }, ['id'])), 1)
    for (let index = 0; index < 2500; index++) await database.get('fewer_sample', { id: index }, ['id'])
    const { results } = (app.database.drivers[0] as unknown as { reads: { results: Map<string, unknown> } }).reads
    assert.ok(results.size > 0 && results.size <= 2000, `${results.size} results`)
  })
})
