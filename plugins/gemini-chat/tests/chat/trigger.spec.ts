import assert from 'node:assert/strict'
import { isAddressed } from '../../src/chat/trigger'

describe('isAddressed', () => {
  const stripped = { content: '', prefix: '', hasAt: false, appel: false, atSelf: false }
  const group = { isDirect: false, stripped }

  it('is true in a direct chat', () => {
    assert.equal(isAddressed({ ...group, isDirect: true }), true)
  })

  it('is true in a group when the bot is mentioned or named', () => {
    assert.equal(isAddressed(group), false)
    assert.equal(isAddressed({ ...group, stripped: { ...stripped, appel: true } }), true)
    assert.equal(isAddressed({ ...group, stripped: { ...stripped, atSelf: true } }), true)
  })
})
