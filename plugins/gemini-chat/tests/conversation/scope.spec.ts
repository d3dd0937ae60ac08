import assert from 'node:assert/strict'
import { placeOf, scopeOf, scopes } from '../../src/conversation/scope'
import type { Address } from '../../src/conversation/scope'

const group: Address = { platform: 'qq', selfId: '1', isDirect: false, channelId: 'c', guildId: 'g', userId: 'u' }
const direct = { ...group, isDirect: true }

describe('the scope of a conversation', () => {
  for (const scope of scopes) {
    it(`${scope} is the same for the same person in the same place`, () => {
      assert.equal(scopeOf(group, scope), scopeOf({ ...group }, scope))
    })

    it(`${scope} belongs to a platform and a bot`, () => {
      assert.notEqual(scopeOf(group, scope), scopeOf({ ...group, platform: 'kook' }, scope))
      assert.notEqual(scopeOf(group, scope), scopeOf({ ...group, selfId: '2' }, scope))
    })

    it(`${scope} does not depend on the guild: on DingTalk all have the same`, () => {
      assert.equal(scopeOf(group, scope), scopeOf({ ...group, guildId: 'h' }, scope))
    })

    it(`${scope} leaves direct chats to themselves`, () => {
      assert.equal(scopeOf(direct, scope), scopeOf(direct))
      assert.equal(scopeOf(direct, scope), scopeOf({ ...direct, channelId: 'private:u' }, scope))
      assert.notEqual(scopeOf(direct, scope), scopeOf({ ...direct, userId: 'v' }, scope))
      assert.notEqual(scopeOf(direct, scope), scopeOf(group, scope))
    })
  }

  it('separates people and channels as it says', () => {
    const differs = (change: object) => {
      return scopes.filter(scope => scopeOf(group, scope) !== scopeOf({ ...group, ...change }, scope))
    }
    assert.deepEqual(differs({ userId: 'v' }), ['user-in-channel', 'user'])
    assert.deepEqual(differs({ channelId: 'd' }), ['user-in-channel', 'channel'])
  })

  it('is everybody\'s own unless told', () => {
    assert.equal(scopeOf(group), scopeOf(group, 'user-in-channel'))
  })

  it('never leads into a conversation of another scope', () => {
    const names = scopes.flatMap(scope => [scopeOf(group, scope), scopeOf({ ...group, channelId: 'u', userId: 'c' }, scope)])
    assert.equal(new Set(names).size, names.length)
  })

  it('holds the thread, where a platform has them', () => {
    const inThread = (platform: string, _data: object) => ({ ...group, platform, event: { _data } })
    const lark = (thread_id?: string) => inThread('lark', { event: { message: { thread_id } } })
    const slack = (thread_ts?: string) => inThread('slack', { event: { thread_ts } })
    for (const address of [lark, slack]) {
      assert.notEqual(scopeOf(address('1')), scopeOf(address('2')))
      assert.notEqual(scopeOf(address('1'), 'channel'), scopeOf(address(), 'channel'))
      assert.equal(scopeOf(address('1'), 'user'), scopeOf(address('2'), 'user'))
      assert.notEqual(placeOf(address('1')), placeOf(address('2')))
    }
  })

  it('tells topics of two groups on Telegram apart, that have the same number', () => {
    const topic = { ...group, platform: 'telegram', channelId: '5' }
    assert.notEqual(scopeOf(topic, 'channel'), scopeOf({ ...topic, guildId: 'h' }, 'channel'))
  })

  it('does not confuse ids that contain the separator', () => {
    const name = (channelId: string, userId = 'c') => scopeOf({ ...group, channelId, userId })
    assert.notEqual(name('a:b', 'c'), name('a', 'b:c'))
    assert.notEqual(name('%3A'), name(':'))
  })
})
