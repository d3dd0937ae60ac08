import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sqlite from '@minatojs/driver-sqlite'
import { until } from 'common/testing'
import { $, Context } from 'koishi'
import nodeSqlite from '../../src'
import { closeDatabase, openDatabase } from '../../src/open'

interface ThingRow {
  id: number
  name: string
  flag: boolean
  tags: string[]
  data: unknown
  at: Date
  blob: ArrayBuffer
  size: number
  ratio: number
}

declare module 'koishi' {
  interface Tables {
    node_sqlite_thing: ThingRow
  }
}

const drivers = { stock: sqlite, own: nodeSqlite }

async function open(driver: keyof typeof drivers, path: string) {
  const app = new Context()
  app.plugin(drivers[driver] as never, { path, durability: 'normal' })
  app.model.extend('node_sqlite_thing', {
    id: 'unsigned', name: 'string(255)', flag: 'boolean', tags: 'list', data: 'json', at: 'timestamp', blob: 'binary',
    size: { type: 'unsigned', initial: 0 }, ratio: 'double',
  } as never, { autoInc: true, indexes: ['name'] })
  await app.start()
  await new Promise(resolve => app.inject(['database'], resolve))
  return app
}

const THINGS = [
  { name: '报销 \'"`\\ 😀', flag: true, tags: ['a', 'b'], data: { list: [1, '二'], none: null }, at: new Date(1_700_000_000_123),
    blob: new Uint8Array([0, 1, 255]).buffer, size: 4_000_000_000, ratio: 0.1 },
  { name: '', flag: false, tags: [], data: [], at: new Date(0), blob: new ArrayBuffer(0), size: 0, ratio: -1.5e300 },
]

describe('a file of the SQLite driver', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'node-sqlite-'))
    path = join(folder, 'koishi.db')
  })
  afterEach(() => rm(folder, { recursive: true }))

  for (const [writer, reader] of [['stock', 'own'], ['own', 'stock'], ['own', 'own']] as const) {
    it(`is written by the ${writer} driver and read by the ${reader} one`, async () => {
      const first = await open(writer, path)
      for (const thing of THINGS) await first.database.create('node_sqlite_thing', thing as never)
      const written = await first.database.get('node_sqlite_thing', {})
      await first.stop()
      await new Promise(resolve => setTimeout(resolve, 50))

      const second = await open(reader, path)
      const rows = await second.database.get('node_sqlite_thing', {})
      assert.deepEqual(rows, written)
      assert.deepEqual(rows.map(({ id, ...row }) => row), THINGS)
      await second.database.set('node_sqlite_thing', { id: 1 }, { name: 'renamed' })
      assert.equal((await second.database.get('node_sqlite_thing', { name: 'renamed' })).length, 1)
      await second.stop()
    })
  }

  it('leaves no log beside the file when it is closed', async () => {
    const app = await open('own', path)
    await app.database.create('node_sqlite_thing', THINGS[0] as never)
    await app.stop()
    await new Promise(resolve => setTimeout(resolve, 50))
    assert.deepEqual(await readdir(folder), ['koishi.db'])
  })

  it('answers the queries that the stock driver answers, with the same rows', async () => {
    const results: unknown[] = []
    for (const driver of ['stock', 'own'] as const) {
      const app = await open(driver, join(folder, `${driver}.db`))
      const { database } = app
      for (let i = 0; i < 20; i++) {
        await database.create('node_sqlite_thing', { ...THINGS[i % 2], name: `name ${i}`, size: i } as never)
      }
      const result = [
        await database.get('node_sqlite_thing', { name: { $regex: /^name 1\d$/ } }, ['id']),
        await database.get('node_sqlite_thing', { name: { $regex: /^NAME 7$/i } }, ['id']),
        await database.get('node_sqlite_thing', { tags: { $el: 'b' } }, ['id']),
        await database.get('node_sqlite_thing', { $not: { size: { $gt: 3 } } }, { sort: { id: 'desc' }, limit: 2, offset: 1 }),
        await database.eval('node_sqlite_thing', row => $.sum(row.size)),
        await database.select('node_sqlite_thing').groupBy('flag', { total: row => $.sum(row.size) }).orderBy('flag').execute(),
        await database.get('node_sqlite_thing', row => $.eq($.modulo(row.size, 7), 1), ['id']),
        await database.upsert('node_sqlite_thing', [{ id: 3, name: 'three' }, { id: 99, name: 'new' }]),
        await database.remove('node_sqlite_thing', { size: { $lt: 5 } }),
        await database.get('node_sqlite_thing', {}, ['id', 'name', 'data', 'at']),
      ]
      await assert.rejects(database.withTransaction(async (transaction) => {
        await transaction.remove('node_sqlite_thing', {})
        throw new Error('undo')
      }), /undo/)
      result.push(await database.get('node_sqlite_thing', {}, ['id']))
      await assert.rejects(database.create('node_sqlite_thing', { id: 7, name: 'twice' }), /UNIQUE constraint failed/)
      const stats = await database.stats()
      result.push(Object.fromEntries(Object.entries(stats.tables).map(([name, { count }]) => [name, count])))
      assert.ok(stats.size > 0 && stats.tables['node_sqlite_thing']!.size > 0)
      results.push(result)
      await app.stop()
    }
    assert.deepEqual(results[1], results[0])
  })

  it('is closed with a warning where its log cannot be written back, and has its rows at the next start', async () => {
    const app = await open('own', path)
    await app.database.create('node_sqlite_thing', THINGS[0] as never)
    const driver = app.database.drivers[0] as unknown as {
      connection: { exec(sql: string): void }
      logger: object
      stop(): Promise<void>
    }
    const warnings: string[] = []
    driver.logger = { debug: () => {}, warn: (...args: unknown[]) => void warnings.push(args.map(String).join(' ')) }
    driver.connection.exec = () => { throw new Error('database or disk is full') }
    await driver.stop()
    assert.match(warnings.join(), /the write-ahead log stays beside %s until the next start: %s .*disk is full/)
    driver.stop = async () => {}
    const again = await open('own', path)
    assert.equal((await again.database.get('node_sqlite_thing', {})).length, 1)
    await again.stop()
  })

  it('is used by the plugin when it is reloaded', async () => {
    const app = await open('own', path)
    for (let round = 0; round < 5; round++) {
      await app.database.create('node_sqlite_thing', { name: `${round}` } as never)
      const [former] = app.database.drivers
      // Not the fork: that of a plugin that is loaded once does nothing.
      app.registry.get(nodeSqlite as never)!.restart()
      await until(() => {
        const [driver] = app.get('database')?.drivers ?? []
        return driver && driver !== former
      })
    }
    assert.equal((await app.database.get('node_sqlite_thing', {})).length, 5)
    await app.stop()
  })

  it('is refused to a second process, with the cure, and free again when the first is killed', async () => {
    const writer = spawnWriter(path, 'normal')
    await firstRow(writer)
    await assert.rejects(openDatabase(path, { durability: 'normal' }), /another process uses it: stop that process/)
    writer.kill('SIGKILL')
    await once(writer, 'exit')
    closeDatabase(await openDatabase(path, { durability: 'normal' }))
  }).timeout(20_000)

  for (const durability of ['full', 'normal'] as const) {
    it(`has every row that was written before kill -9 (${durability})`, async () => {
      for (let round = 0; round < 3; round++) {
        const file = join(folder, `${round}.db`)
        const writer = spawnWriter(file, durability)
        let printed = ''
        writer.stdout.on('data', chunk => printed += chunk)
        await firstRow(writer)
        await new Promise(resolve => setTimeout(resolve, 40 * (round + 1)))
        writer.kill('SIGKILL')
        await once(writer, 'close')
        const last = Number(printed.trimEnd().split('\n').pop())
        const database = await openDatabase(file, { durability })
        const { count } = database.prepare('SELECT count(*) AS count FROM row').get()!
        assert.ok(Number(count) >= last && last > 0, `${count} rows of ${last}`)
        assert.deepEqual({ ...database.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' })
        database.close()
      }
    }).timeout(20_000)
  }

  const refusals: [string, () => Promise<string>, RegExp][] = [
    ['a file that is no database', async () => {
      await writeFile(path, 'Lorem ipsum '.repeat(1000))
      return path
    }, /could not open the database .*file is not a database: check that the folder exists/],
    ['a folder', async () => {
      await mkdir(path)
      return path
    }, /could not open the database .*unable to open database file: check/],
  ]
  for (const [name, prepare, message] of refusals) {
    it(`says what to do for ${name}`, async () => {
      const target = await prepare()
      await assert.rejects(openDatabase(target, { durability: 'full' }), message)
    })
  }

  it('says so where its folder does not exist', async () => {
    const app = new Context()
    const missing = join(folder, 'missing', 'koishi.db')
    const driver = Object.create(nodeSqlite.prototype) as InstanceType<typeof nodeSqlite>
    Object.assign(driver, { config: { path: missing, durability: 'full' }, ctx: app })
    await assert.rejects(driver.start(), /its folder does not exist, create it first/)
  })

  it('writes no values to the log', async () => {
    const app = await open('own', path)
    const lines: string[] = []
    const driver = app.database.drivers[0] as unknown as { logger: object }
    driver.logger = new Proxy({}, { get: () => (...args: unknown[]) => void lines.push(args.map(String).join(' ')) })
    await app.database.create('node_sqlite_thing', { name: 'a secret' } as never)
    await app.database.get('node_sqlite_thing', { name: 'another secret' })
    await assert.rejects(async () => driver && (app.database.drivers[0] as unknown as { _run(sql: string): void })
      ._run('INSERT INTO nowhere VALUES (\'third secret\')'), /no such table/)
    assert.ok(lines.length > 0)
    assert.ok(!lines.some(line => line.includes('secret')), lines.join('\n'))
    await app.stop()
  })
})

function spawnWriter(path: string, durability: string) {
  const writer = join(__dirname, '../fixtures/writer.ts')
  return spawn(process.execPath, ['-r', 'esbuild-register', writer, path, durability], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function firstRow(writer: ReturnType<typeof spawnWriter>) {
  await once(writer.stdout, 'data')
}
