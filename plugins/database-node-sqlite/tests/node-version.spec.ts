import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasNodeSqlite } from '../src'
import { openDatabase } from '../src/open'

describe('node:sqlite', () => {
  const versions = [
    ['18.20.4', false], ['20.20.2', false], ['21.7.3', false], ['22.4.1', false], ['22.12.0', false],
    ['22.13.0', true], ['22.23.3', true], ['23.4.0', true], ['24.0.0', true], ['100.1.0', true],
  ] as const
  for (const [version, expected] of versions) {
    it(`is ${expected ? '' : 'not '}in Node ${version}`, () => assert.equal(hasNodeSqlite(version), expected))
  }

  it('opens a file on this Node, or says which Node it takes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'node-sqlite-'))
    const open = async () => (await openDatabase(join(folder, 'x.db'), { durability: 'normal' })).close()
    if (hasNodeSqlite()) await open()
    else await assert.rejects(open, /has no SQLite of its own: use Node.js 22.13 or later, or the plugin database-sqlite/)
    await rm(folder, { recursive: true })
  })
})
