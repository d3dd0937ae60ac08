import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { foldersBelow, root } from './source-tree'

const MAX_FILES = 16

describe('folders', () => {
  it(`hold at most ${MAX_FILES} files each`, () => {
    const tops = ['plugins', 'packages', 'bin', 'bench', 'scripts', 'testkit', 'tests'].map(name => join(root, name))
    const folders = tops.filter(top => existsSync(top)).flatMap(foldersBelow)
    const full = folders.map((folder) => {
      const files = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isFile())
      return [relative(root, folder), files.length] as const
    }).filter(([, count]) => count > MAX_FILES)
    assert.deepEqual(full, [])
  })
})
