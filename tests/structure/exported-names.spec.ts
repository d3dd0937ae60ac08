import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/instance'
import { repositoryFiles } from '../support/repository'

const source = /^((?:plugins|packages)\/[\w-]+)\/src\/.*\.ts$/
const declaration = /^export (?:abstract |async )?(?:class|function|interface|type|const) (\w+)/gm

describe('exported names', () => {
  it('mean one thing in each plugin and package', () => {
    /** Files that declare a name, by package and name. */
    const places = new Map<string, Set<string>>()
    for (const file of repositoryFiles()) {
      const [, workspace] = source.exec(file) ?? []
      if (!workspace) continue
      for (const [, name] of readFileSync(join(root, file), 'utf8').matchAll(declaration)) {
        const key = `${workspace} ${name}`
        places.set(key, (places.get(key) ?? new Set()).add(file))
      }
    }
    assert.ok(places.size > 500, 'the declarations are found')
    assert.deepEqual([...places].filter(([, files]) => files.size > 1).map(([key, files]) => [key, ...files]), [])
  })
})
