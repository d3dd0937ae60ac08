import assert from 'node:assert/strict'
import { Schema } from 'koishi'
import { group } from '../../src/settings'

describe('group', () => {
  const schema = Schema.intersect([
    group({ style: Schema.string().default('text') }),
    group({ buttons: Schema.natural().default(2) }, { collapsed: true, shownIf: { setting: 'style', is: 'card' } }),
  ])

  it('validates, and has the defaults, whether the console shows it or not', () => {
    assert.deepEqual(schema({}), { style: 'text', buttons: 2 })
    assert.throws(() => schema({ buttons: -1 } as never))
  })

  it('tells the console how to show it', () => {
    const { list } = JSON.parse(JSON.stringify(schema)).refs[schema.uid] as { list: number[] }
    const { refs } = JSON.parse(JSON.stringify(schema))
    assert.deepEqual(list.map(uid => refs[uid].meta), [
      { role: 'settings-group', extra: { collapsed: false }, default: {} },
      { role: 'settings-group', extra: { collapsed: true, shownIf: { setting: 'style', is: 'card' } }, default: {} },
    ])
  })
})
