import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/instance'

const SOURCES = [
  '', 'plugins/adapter-wecom-bot/src', 'plugins/dingtalk-companion/src', 'plugins/gemini-chat/src', 'plugins/shared-state/src',
  'plugins/assistant-status', 'plugins/assistant-status/src', 'packages/common/src',
]

for (const file of ['docs/architecture.md', 'docs/architecture.en.md']) {
  describe(file, () => {
    const text = readFileSync(join(root, file), 'utf8')
    /** The text of each section `### folder`. */
    const sections = new Map(text.split(/^### /m).slice(1).map((section) => {
      const [title, ...lines] = section.split(/^## /m)[0].split('\n')
      return [title, lines.join('\n')]
    }))

    it('lists the rooms of every plugin in the order of scripts/rooms.mjs', async () => {
      const { rooms } = await import('../../scripts/rooms.mjs')
      const listed = Array.from(sections, ([folder, section]) => {
        return [folder, Array.from(section.matchAll(/^\| `([\w-]+)\/` \| \S/gm), ([, room]) => room)]
      })
      assert.deepEqual(Object.fromEntries(listed), rooms)
    })
  })
}

for (const file of ['docs/architecture.md', 'docs/architecture.en.md', 'CONTRIBUTING.md', 'CONTRIBUTING.en.md']) {
  describe(file, () => {
    it('names only files and folders that exist', () => {
      const text = readFileSync(join(root, file), 'utf8')
      const paths = Array.from(text.matchAll(/`((?:[\w.-]+\/)+[\w.-]*|[\w-]+\.(?:ts|mjs|yml))`/g), ([, path]) => path)
      assert.ok(paths.length > 10)
      // `data/` is created by the running instance; `locales/` is in every plugin.
      const missing = paths.filter(path => !/^(data|locales)\//.test(path))
        .filter(path => !SOURCES.some(folder => existsSync(join(root, folder, path))))
      assert.deepEqual(missing, [])
    })
  })
}
