import assert from 'node:assert/strict'
import type { Dict } from 'koishi'
import { mergeSettings } from '../../bin/instance/settings/merge'
import type { MergeChange } from '../../bin/instance/settings/merge'

const shipped = { 'group:base': { 'server:web': { port: 35000 }, '~adapter:wecom': { path: '/a' } } }

describe('mergeSettings', () => {
  function merge(saved: Dict, current: Dict, previous: Dict = shipped) {
    const changes: MergeChange[] = []
    const result = mergeSettings(saved, previous, current, changes)
    return { result, changes: changes.map(({ kind, path }) => `${kind} ${path.join('/')}`) }
  }

  const cases: [name: string, saved: Dict, current: Dict, result: Dict, changes: string[]][] = [
    ['keeps everything if koishi.yml is the same',
      { 'group:base': { 'server:web': { port: 1 } } }, shipped,
      { 'group:base': { 'server:web': { port: 1 } } }, []],
    ['keeps the switch of the console',
      { 'group:base': { '~server:web': { port: 35000 }, 'adapter:wecom': { path: '/a' } } }, shipped,
      { 'group:base': { '~server:web': { port: 35000 }, 'adapter:wecom': { path: '/a' } } }, []],
    ['adds a new plugin to its group',
      shipped, { 'group:base': { ...shipped['group:base'], 'help:new': {} } },
      { 'group:base': { ...shipped['group:base'], 'help:new': {} } }, ['added group:base/help:new']],
    ['adds a new group',
      shipped, { ...shipped, 'group:more': { 'help:new': {} } },
      { ...shipped, 'group:more': { 'help:new': {} } }, ['added group:more']],
    ['follows a changed value',
      shipped, { 'group:base': { ...shipped['group:base'], 'server:web': { port: 80, host: 'x' } } },
      { 'group:base': { ...shipped['group:base'], 'server:web': { port: 80, host: 'x' } } },
      ['changed group:base/server:web/port', 'added group:base/server:web/host']],
    ['follows a changed switch',
      shipped, { 'group:base': { 'server:web': { port: 35000 }, 'adapter:wecom': { path: '/a' } } },
      { 'group:base': { 'server:web': { port: 35000 }, 'adapter:wecom': { path: '/a' } } },
      ['changed group:base/adapter:wecom']],
    ['keeps a value that was changed in both',
      { 'group:base': { 'server:web': { port: 1 } } }, { 'group:base': { 'server:web': { port: 2 } } },
      { 'group:base': { 'server:web': { port: 1 } } }, ['kept group:base/server:web/port']],
    ['removes a plugin that is not shipped any more',
      shipped, { 'group:base': { 'server:web': { port: 35000 } } },
      { 'group:base': { 'server:web': { port: 35000 } } }, ['removed group:base/adapter:wecom']],
    ['keeps a plugin that is not shipped any more but was changed',
      { 'group:base': { 'adapter:wecom': { path: '/b' } } }, { 'group:base': {} },
      { 'group:base': { 'adapter:wecom': { path: '/b' } } }, []],
    ['does not add again what was removed in the console',
      { 'group:base': {} }, { 'group:base': { 'server:web': { port: 80 }, '~adapter:wecom': { path: '/a' } } },
      { 'group:base': {} }, []],
    ['keeps a plugin that was added in the console',
      { ...shipped, 'echo:mine': { a: 1 } }, { 'group:base': { 'server:web': { port: 1 } } },
      { 'group:base': { 'server:web': { port: 1 } }, 'echo:mine': { a: 1 } },
      ['changed group:base/server:web/port', 'removed group:base/adapter:wecom']],
    ['replaces a list as a whole',
      { 'a:b': { list: [1, 2] } }, { 'a:b': { list: [1] } }, { 'a:b': { list: [1, 2] } }, ['kept a:b/list']],
  ]
  for (const [name, saved, current, expected, changes] of cases) {
    it(name, () => {
      const found = merge(saved, current)
      assert.deepEqual(found.result, expected)
      assert.deepEqual(found.changes, changes)
    })
  }

  it('adds what is missing, and changes nothing, if the earlier koishi.yml is not known', () => {
    const found = merge({ 'a:b': { x: 1 } }, { 'a:b': { x: 2, y: 3 }, 'c:d': {} }, {})
    assert.deepEqual(found.result, { 'a:b': { x: 1, y: 3 }, 'c:d': {} })
    assert.deepEqual(found.changes, ['kept a:b/x', 'added a:b/y', 'added c:d'])
  })

  it('merged twice is the same', () => {
    const current = { 'group:base': { 'server:web': { port: 80 }, 'help:new': {} } }
    const once = merge(shipped, current).result
    assert.deepEqual(merge(once, current, current), { result: once, changes: [] })
  })
})
