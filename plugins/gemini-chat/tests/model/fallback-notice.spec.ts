import assert from 'node:assert/strict'
import { FallbackNotices } from '../../src/model/fallback-notice'

describe('FallbackNotices', () => {
  const news = (chosen: string, name: string) => ['model.changed', { chosen, name }]

  it('announces each change once, and not the chosen model', () => {
    const substitutes = new FallbackNotices()
    assert.equal(substitutes.notice('a', 'm1', 'm1'), undefined)
    assert.deepEqual(substitutes.notice('a', 'm1', 'm2'), news('m1', 'm2'))
    assert.equal(substitutes.notice('a', 'm1', 'm2'), undefined)
    assert.deepEqual(substitutes.notice('b', 'm1', 'm2'), news('m1', 'm2'))
    assert.deepEqual(substitutes.notice('a', 'm1', 'm3'), news('m1', 'm3'))
    assert.equal(substitutes.notice('a', 'm1', 'm1'), undefined)
    assert.deepEqual(substitutes.notice('a', 'm1', 'm3'), news('m1', 'm3'))
    assert.deepEqual(substitutes.notice('a', 'm4', 'm3'), news('m4', 'm3'))
  })

  it('announces again beyond its capacity', () => {
    const substitutes = new FallbackNotices(2)
    for (const key of ['a', 'b', 'c']) substitutes.notice(key, 'm1', 'm2')
    assert.equal(substitutes.notice('c', 'm1', 'm2'), undefined)
    assert.deepEqual(substitutes.notice('a', 'm1', 'm2'), news('m1', 'm2'))
  })
})
