import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryFiles } from '../support/repository'
import { root } from '../support/instance'

interface Manifest {
  name: string
  dependencies?: Record<string, string>
}

const manifests = repositoryFiles().filter(file => /(^|\/)package\.json$/.test(file))
  .map(file => JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest)
const own = new Set(manifests.map(({ name }) => name))

/** All packages that a workspace depends on, without the workspaces. */
const used = new Set(manifests.flatMap(({ dependencies }) => Object.keys(dependencies ?? {}))
  .filter(name => !own.has(name)))

for (const page of ['CONTRIBUTING.md', 'CONTRIBUTING.en.md']) {
  describe(`the dependencies in ${page}`, () => {
    const section = /^## (?:Dependencies|依赖)\n([^]*?)^## /m.exec(readFileSync(join(root, page), 'utf8'))![1]
    const rows = Array.from(section.matchAll(/^\| (`[^|]+) \| ([^|]+) \|$/gm), ([, names, reason]) => ({ names, reason }))
    const listed = rows.flatMap(({ names }) => Array.from(names.matchAll(/`([^`]+)`/g), ([, name]) => name))

    it('are those of all package.json files', () => {
      const expected = [...used].map(name => name.startsWith('@koishijs/') ? '@koishijs/*' : name)
      assert.deepEqual([...new Set(listed)].sort(), [...new Set(expected)].sort())
      assert.equal(listed.length, new Set(listed).size)
    })

    it('each have a reason', () => {
      for (const { names, reason } of rows) assert.ok(reason.trim().length > 5, names)
    })
  })
}

describe('the dependencies', () => {
  it('have one version range in all workspaces', () => {
    const ranges = new Map<string, Set<string>>()
    for (const { dependencies = {} } of manifests) {
      for (const [name, range] of Object.entries(dependencies)) {
        ranges.set(name, (ranges.get(name) ?? new Set()).add(range))
      }
    }
    assert.deepEqual([...ranges].filter(([, all]) => all.size > 1), [])
  })
})

/** The categories of Koishi's market, by which it also chooses the icon. */
const CATEGORIES = [
  'adapter', 'general', 'extension', 'webui', 'manage', 'preset', 'image', 'media', 'tool', 'life', 'ai', 'meme', 'game',
  'gametool',
]

describe('the manifests of the plugins', () => {
  for (const file of repositoryFiles().filter(file => /^plugins\/[^/]+\/package\.json$/.test(file))) {
    it(`say in ${file} what the market shows`, () => {
      const { keywords, koishi } = JSON.parse(readFileSync(join(root, file), 'utf8')) as {
        keywords: string[]
        koishi: { category: string, description: Record<'zh' | 'en', string> }
      }
      assert(CATEGORIES.includes(koishi.category), koishi.category)
      assert(koishi.description.zh && koishi.description.en)
      assert(keywords.includes('koishi') && keywords.includes('plugin') && keywords.length > 3)
    })
  }
})
