import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { repositoryFiles } from '../support/repository'

const MAX_FILES = 16

/** Folders of code and documents, with everything below them. */
const covered = [
  /^(plugins|packages)\/[\w-]+\/(src|tests)(\/|$)/, /^testkit\/(src|tests)(\/|$)/, /^(bin|bench|endure|scripts|tests|docs)(\/|$)/,
]

describe('folder size', () => {
  it(`is at most ${MAX_FILES} files per folder, so that a folder can be read at a glance`, () => {
    const counts = new Map<string, number>()
    for (const file of repositoryFiles()) {
      const folder = dirname(file)
      if (covered.some(pattern => pattern.test(folder))) counts.set(folder, (counts.get(folder) ?? 0) + 1)
    }
    assert.ok(counts.size > 20, 'the covered folders exist')
    assert.deepEqual([...counts].filter(([, count]) => count > MAX_FILES), [])
  })
})
