import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Context } from 'koishi'
import nodeSqlite from '../../src'
import { closeDatabase, openDatabase } from '../../src/open'

interface NoteRow {
  id: number
  text: string
}

declare module 'koishi' {
  interface Tables {
    node_sqlite_note: NoteRow
  }
}

interface Connection {
  exec(sql: string): void
}

describe('a database of Node\'s SQLite that fails', () => {
  let folder: string
  let path: string
  let app: Context

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'node-sqlite-'))
    path = join(folder, 'koishi.db')
    app = new Context()
    app.plugin(nodeSqlite as never, { path, durability: 'normal' })
    app.model.extend('node_sqlite_note', { id: 'unsigned', text: 'text' }, { autoInc: true })
    await app.start()
    await new Promise(resolve => app.inject(['database'], resolve))
    await app.database.create('node_sqlite_note', { text: 'before' })
  })

  afterEach(async () => {
    await app.stop()
    await new Promise(resolve => setTimeout(resolve, 50))
    await rm(folder, { recursive: true })
  })

  const connection = () => (app.database.drivers[0] as unknown as { connection: Connection }).connection
  const texts = async () => (await app.database.get('node_sqlite_note', {})).map(({ text }) => text)

  /** Faults of the file, each with its end. */
  const faults: [name: string, begin: string, end: string, message: RegExp][] = [
    ['whose disk is full', 'PRAGMA max_page_count = 1', 'PRAGMA max_page_count = 1000000', /database or disk is full/],
    ['that is read-only', 'PRAGMA query_only = on', 'PRAGMA query_only = off', /readonly database/],
  ]

  for (const [name, begin, end, message] of faults) {
    it(`${name} refuses writes, answers reads, and works again as soon as it can`, async () => {
      const long = 'x'.repeat(100_000)
      connection().exec(begin)
      for (let round = 0; round < 3; round++) {
        await assert.rejects(app.database.create('node_sqlite_note', { text: long }), message)
        await assert.rejects(app.database.upsert('node_sqlite_note', [{ id: 1, text: long }]), message)
        assert.deepEqual(await texts(), ['before'])
      }
      connection().exec(end)
      await app.database.create('node_sqlite_note', { text: 'after' })
      assert.deepEqual(await texts(), ['before', 'after'])
    })

    it(`${name} undoes a transaction as a whole`, async () => {
      await assert.rejects(app.database.withTransaction(async (database) => {
        await database.remove('node_sqlite_note', {}).catch(() => {})
        connection().exec(begin)
        await database.create('node_sqlite_note', { text: 'x'.repeat(100_000) })
      }), message)
      connection().exec(end)
      assert.deepEqual(await texts(), ['before'])
      await app.database.create('node_sqlite_note', { text: 'after' })
    })
  }

  it('runs transactions one after the other, also after one that failed', async () => {
    const add = (text: string) => app.database.withTransaction(async (database) => {
      await database.create('node_sqlite_note', { text })
      await new Promise(resolve => setImmediate(resolve))
      if (text === 'b') throw new Error('undo')
    })
    const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd'].map(add))
    assert.deepEqual(outcomes.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    assert.deepEqual(await texts(), ['before', 'a', 'c', 'd'])
  })

  it('is not given to a second process, and has its rows when that one opens it after the first was killed', async () => {
    const file = join(folder, 'full.db')
    const writer = spawn(process.execPath, [
      '-r', 'esbuild-register', join(__dirname, '../fixtures/full-writer.ts'), file,
    ], { stdio: ['ignore', 'pipe', 'inherit'] })
    let printed = ''
    writer.stdout.on('data', chunk => printed += chunk)
    while (!/full\n$/.test(printed)) await once(writer.stdout, 'data')
    await assert.rejects(openDatabase(file, { durability: 'normal' }), /another process uses it: stop that process/)
    writer.kill('SIGKILL')
    await once(writer, 'close')
    const rows = printed.split('\n').filter(line => /^\d+$/.test(line)).length
    const database = await openDatabase(file, { durability: 'normal' })
    const { count } = database.prepare('SELECT count(*) AS count FROM row').get()!
    assert.ok(rows > 0 && Number(count) === rows, `${count} rows of ${rows}`)
    closeDatabase(database)
  }).timeout(30_000)
})
