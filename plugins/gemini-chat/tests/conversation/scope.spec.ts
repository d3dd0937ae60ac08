import assert from 'node:assert/strict'
import { scopeOf } from '../../src/conversation/scope'

const group = { platform: 'qq', selfId: '1', isDirect: false, channelId: 'c', userId: 'u' }

describe('the scope of a conversation', () => {
  it('is the same for the same person in the same place', () => {
    assert.equal(scopeOf(group), scopeOf({ ...group }))
  })

  for (const difference of [{ platform: 'kook' }, { selfId: '2' }, { channelId: 'd' }, { userId: 'v' }, { isDirect: true }]) {
    it(`is another one with another ${Object.keys(difference)[0]}`, () => {
      assert.notEqual(scopeOf(group), scopeOf({ ...group, ...difference }))
    })
  }

  it('follows a person through the channels of a direct chat', () => {
    const direct = { ...group, isDirect: true }
    assert.equal(scopeOf(direct), scopeOf({ ...direct, channelId: 'private:u' }))
  })

  it('does not confuse ids that contain the separator', () => {
    assert.notEqual(scopeOf({ ...group, channelId: 'a:b', userId: 'c' }), scopeOf({ ...group, channelId: 'a', userId: 'b:c' }))
    assert.notEqual(scopeOf({ ...group, channelId: '%3A' }), scopeOf({ ...group, channelId: ':' }))
  })
})
