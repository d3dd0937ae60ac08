import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import memory from '@koishijs/plugin-database-memory'
import sqlite from '@koishijs/plugin-database-sqlite'
import { Context } from 'koishi'
import { hashStoredKeys, isRowKey, rowKey } from 'common/database'

interface NoteRow {
  key: string
  text: string
}

interface EventRow {
  id: number
  key: string
}

declare module 'koishi' {
  interface Tables {
    row_key_note: NoteRow
    row_key_event: EventRow
  }
}

describe('rowKey', () => {
  const ids = ['', 'a', 'A', 'a ', ' a', 'ａ', 'ä', 'a\u0308', 'wrabcdef', 'wrAbCdEf', 'x'.repeat(1000), '报销', '\0']

  it('differs for ids that a collation takes for equal, and has one length', () => {
    assert.equal(new Set(ids.map(id => rowKey(id))).size, ids.length)
    for (const id of ids) assert.ok(isRowKey(rowKey(id)), id)
    assert.equal(rowKey('bot', 'msg'), rowKey('bot', 'msg'))
  })

  it('differs where the same text is cut into other parts', () => {
    const keys = [['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', ''], ['', 'abc'], ['a', 'b', 'c'], ['1:a', 'bc']]
    assert.equal(new Set(keys.map(parts => rowKey(...parts))).size, keys.length)
  })
})

describe('hashStoredKeys', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'row-key-'))
  })
  after(() => rm(folder, { recursive: true }))

  for (const driver of ['memory', 'sqlite'] as const) {
    describe(driver, () => {
      let app: Context
      beforeEach(async () => {
        app = new Context()
        if (driver === 'memory') app.plugin(memory)
        else app.plugin(sqlite as never, { path: join(folder, `${Math.random()}.db`) })
        app.model.extend('row_key_note', { key: 'string(255)', text: 'text' }, { primary: 'key' })
        app.model.extend('row_key_event', { id: 'unsigned', key: 'string(255)' }, { autoInc: true, indexes: ['key'] })
        await app.start()
      })
      afterEach(() => app.stop())

      const notes = () => hashStoredKeys(app.database, {
        table: 'row_key_note', column: 'key', keyOf: row => rowKey(row.key),
      })

      it('replaces a primary key and keeps the row, in several slices', async () => {
        const ids = Array.from({ length: 450 }, (_, index) => `wr${index}`)
        await app.database.upsert('row_key_note', ids.map(key => ({ key, text: `text of ${key}` })))
        assert.equal(await notes(), 450)
        assert.equal(await notes(), 0)
        const rows = await app.database.get('row_key_note', {})
        assert.deepEqual(
          rows.map(row => `${row.key} ${row.text}`).sort(),
          ids.map(id => `${rowKey(id)} text of ${id}`).sort(),
        )
      })

      // Too many rows for the driver that keeps them in memory.
      if (driver === 'sqlite') it('finds old keys anywhere in a large table', async () => {
        const old = ['', '!', 'wrA', '中', rowKey('x').slice(1), `${rowKey('x')}0`]
        const rows = Array.from({ length: 11_000 }, (_, index) => ({ key: rowKey(`${index}`), text: '' }))
        rows.push(...old.map(key => ({ key, text: '' })))
        for (let start = 0; start < rows.length; start += 500) {
          await app.database.upsert('row_key_note', rows.slice(start, start + 500))
        }
        assert.equal(await notes(), old.length)
        const kept = await app.database.get('row_key_note', {}, ['key'])
        assert.equal(kept.length, rows.length)
        assert.ok(kept.every(({ key }) => isRowKey(key)))
      })

      it('finishes what an interruption left: the new row beside the old one', async () => {
        await app.database.upsert('row_key_note', [{ key: 'wrA', text: 'a' }, { key: rowKey('wrA'), text: 'a' }])
        await notes()
        assert.deepEqual(await app.database.get('row_key_note', {}), [{ key: rowKey('wrA'), text: 'a' }])
      })

      it('replaces a column that is no primary key', async () => {
        for (const key of ['wrA', 'wrB', 'wrA']) await app.database.create('row_key_event', { key })
        const events = { table: 'row_key_event', column: 'key', keyOf: (row: EventRow) => rowKey(row.key) } as const
        assert.equal(await hashStoredKeys(app.database, events), 3)
        const rows = await app.database.get('row_key_event', {}, { sort: { id: 'asc' } })
        assert.deepEqual(rows.map(row => row.key), ['wrA', 'wrB', 'wrA'].map(id => rowKey(id)))
      })

      it('throws where the new key is no row key', async () => {
        await app.database.upsert('row_key_note', [{ key: 'wrA', text: 'a' }])
        const plain = { table: 'row_key_note', column: 'key', keyOf: (row: NoteRow) => row.key } as const
        await assert.rejects(hashStoredKeys(app.database, plain), /row_key_note: the new key of a row is no row key/)
      })
    })
  }
})
