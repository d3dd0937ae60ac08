import assert from 'node:assert/strict'
import { LruMap, oldestFirst } from 'common/collections'

describe('LruMap', () => {
  it('evicts the entry that was used least recently', () => {
    const map = new LruMap<string, number>({ capacity: 2 })
    map.set('a', 1)
    map.set('b', 2)
    map.get('a')
    map.set('c', 3)
    assert.deepEqual(['a', 'b', 'c'].map(key => map.get(key)), [1, undefined, 3])
    map.peek('a')
    assert.deepEqual(oldestFirst(map), [['a', 1], ['c', 3]])
    map.set('d', 4)
    assert.deepEqual(['a', 'c', 'd'].map(key => map.get(key)), [undefined, 3, 4])
  })

  it('evicts beyond a total size, and keeps the newest entry whatever its size', () => {
    const map = new LruMap<string, string>({ capacity: 10, maxSize: 100, sizeOf: text => text.length })
    map.set('empty', '')
    map.set('a', 'x'.repeat(50))
    map.set('b', 'x'.repeat(49))
    assert.deepEqual([...map.keys()], ['b', 'a', 'empty'])
    map.set('c', 'x')
    assert.deepEqual([...map.keys()], ['c', 'b', 'a'])
    map.set('d', 'x'.repeat(1000))
    assert.deepEqual([...map.keys()], ['d'])
    map.set('e', 'x')
    assert.deepEqual([...map.keys()], ['e'])
  })

  it('counts an entry that is replaced once', () => {
    const map = new LruMap<string, string>({ capacity: 10, maxSize: 100, sizeOf: text => text.length })
    for (let count = 0; count < 5; count++) map.set('a', 'x'.repeat(60))
    map.set('b', 'x'.repeat(40))
    assert.deepEqual([...map.keys()], ['b', 'a'])
  })
})
