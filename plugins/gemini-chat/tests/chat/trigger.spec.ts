import assert from 'node:assert/strict'
import { isAddressed } from '../../src/chat/trigger'

describe('a message is for the bot', () => {
  const stripped = { content: '', prefix: '', hasAt: false, appel: false, atSelf: false }
  const group = { isDirect: false, stripped }

  it('in a direct chat', () => {
    assert.equal(isAddressed({ ...group, isDirect: true }), true)
  })

  it('in a group when it is mentioned or called by its name', () => {
    assert.equal(isAddressed(group), false)
    assert.equal(isAddressed({ ...group, stripped: { ...stripped, appel: true } }), true)
    assert.equal(isAddressed({ ...group, stripped: { ...stripped, atSelf: true } }), true)
  })
})
