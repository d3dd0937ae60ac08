import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { circles, importsWithin, root } from './source-tree'

/** Satori asks this of every adapter: a bot names its adapter, which is given its bots. */
const allowed: Record<string, string[][]> = {
  'plugins/adapter-wecom-bot': [['adapter.ts', 'bot.ts', 'dispatch.ts', 'message.ts']],
}

const parts = ['plugins', 'packages'].flatMap(folder => readdirSync(join(root, folder)).map(name => `${folder}/${name}`))
  .filter(part => existsSync(join(root, part, 'src')))

describe('imports', () => {
  for (const part of parts) {
    it(`form no circle in ${part}, type-only imports included`, () => {
      assert.deepEqual(circles(importsWithin(join(root, part, 'src'))), allowed[part] ?? [])
    })
  }

  it('are followed through index files and types', () => {
    const graph = importsWithin(join(root, 'plugins/adapter-wecom-bot/src'))
    assert.ok(graph.get('bot.ts')!.includes('adapter.ts'))
    assert.ok(graph.get('adapter.ts')!.includes('bot.ts'))
  })

  it('that form circles are found', () => {
    const graph = new Map([['a', ['b']], ['b', ['c', 'd']], ['c', ['a']], ['d', []], ['e', ['e']]])
    assert.deepEqual(circles(graph), [['a', 'b', 'c'], ['e']])
  })
})
