import assert from 'node:assert/strict'
import { $, Context } from 'koishi'
import DatabaseIgnoringCase from 'testkit/src/database/ignoring-case'

interface NoteRow {
  name: string
  person: string
  text: string
}

declare module 'koishi' {
  interface Tables {
    ignoring_case_note: NoteRow
  }
}

describe('DatabaseIgnoringCase', () => {
  const same = [['wrAbCdEf', 'wrabcdef'], ['a', 'a  '], ['a', 'ａ'], ['ä', 'a'], ['A', 'a ']]
  let app: Context

  beforeEach(async () => {
    app = new Context()
    app.plugin(DatabaseIgnoringCase as never)
    app.model.extend('ignoring_case_note', { name: 'string', person: 'string', text: 'text' }, { primary: ['name', 'person'] })
    await app.start()
  })

  afterEach(() => app.stop())

  for (const [one, other] of same) {
    it(`takes "${one}" and "${other}" for the same`, async () => {
      const { database } = app
      await database.create('ignoring_case_note', { name: one, person: 'P', text: 'Text' })
      await assert.rejects(database.create('ignoring_case_note', { name: other, person: 'p', text: '' }), /duplicate/)
      assert.deepEqual(await database.get('ignoring_case_note', { name: other }), [{ name: one, person: 'P', text: 'Text' }])
      assert.equal((await database.get('ignoring_case_note', { name: [other, 'x'] })).length, 1)
      await database.upsert('ignoring_case_note', [{ name: other, person: 'P', text: 'new' }])
      assert.equal((await database.get('ignoring_case_note', {})).length, 1)
      assert.equal((await database.get('ignoring_case_note', {}))[0].text, 'new')
      assert.equal((await database.remove('ignoring_case_note', { name: other })).removed, 1)
    })
  }

  it('tells other texts apart, and keeps them as they are', async () => {
    const { database } = app
    await database.upsert('ignoring_case_note', ['a', 'b', ' a', 'a b'].map(name => ({ name, person: '', text: name.toUpperCase() })))
    assert.deepEqual((await database.get('ignoring_case_note', { name: { $ne: 'B' } })).map(({ text }) => text), ['A', ' A', 'A B'])
    await database.set('ignoring_case_note', { name: 'A B' }, { text: 'changed' })
    assert.deepEqual((await database.get('ignoring_case_note', {})).map(({ text }) => text), ['A', 'B', ' A', 'changed'])
    assert.equal(await database.eval('ignoring_case_note', row => $.count(row.name), { name: ['A', 'B'] }), 2)
  })
})
