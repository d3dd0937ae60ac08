import assert from 'node:assert/strict'
import { channelKeyOf, conversationKeyOf, scopes } from '../../src/conversation/scope'
import type { Address } from '../../src/conversation/scope'

const group: Address = { platform: 'qq', selfId: '1', isDirect: false, channelId: 'c', guildId: 'g', userId: 'u' }
const direct = { ...group, isDirect: true }

describe('the scope of a conversation', () => {
  for (const scope of scopes) {
    it(`${scope} is the same for the same person in the same place`, () => {
      assert.equal(conversationKeyOf(group, scope), conversationKeyOf({ ...group }, scope))
    })

    it(`${scope} belongs to a platform and a bot`, () => {
      assert.notEqual(conversationKeyOf(group, scope), conversationKeyOf({ ...group, platform: 'kook' }, scope))
      assert.notEqual(conversationKeyOf(group, scope), conversationKeyOf({ ...group, selfId: '2' }, scope))
    })

    it(`${scope} does not depend on the guild: on DingTalk all have the same`, () => {
      assert.equal(conversationKeyOf(group, scope), conversationKeyOf({ ...group, guildId: 'h' }, scope))
    })

    it(`${scope} leaves direct chats to themselves`, () => {
      assert.equal(conversationKeyOf(direct, scope), conversationKeyOf(direct))
      assert.equal(conversationKeyOf(direct, scope), conversationKeyOf({ ...direct, channelId: 'private:u' }, scope))
      assert.notEqual(conversationKeyOf(direct, scope), conversationKeyOf({ ...direct, userId: 'v' }, scope))
      assert.notEqual(conversationKeyOf(direct, scope), conversationKeyOf(group, scope))
    })
  }

  it('separates people and channels as it says', () => {
    const differs = (change: object) => {
      const changed = { ...group, ...change }
      return scopes.filter(scope => conversationKeyOf(group, scope) !== conversationKeyOf(changed, scope))
    }
    assert.deepEqual(differs({ userId: 'v' }), ['user-in-channel', 'user'])
    assert.deepEqual(differs({ channelId: 'd' }), ['user-in-channel', 'channel'])
  })

  it('is everybody\'s own unless told', () => {
    assert.equal(conversationKeyOf(group), conversationKeyOf(group, 'user-in-channel'))
  })

  it('never leads into a conversation of another scope', () => {
    const names = scopes.flatMap(scope => [conversationKeyOf(group, scope), conversationKeyOf({ ...group, channelId: 'u', userId: 'c' }, scope)])
    assert.equal(new Set(names).size, names.length)
  })

  it('holds the thread, where a platform has them', () => {
    const inThread = (platform: string, _data: object) => ({ ...group, platform, event: { _data } })
    const lark = (thread_id?: string) => inThread('lark', { event: { message: { thread_id } } })
    const slack = (thread_ts?: string) => inThread('slack', { event: { thread_ts } })
    for (const address of [lark, slack]) {
      assert.notEqual(conversationKeyOf(address('1')), conversationKeyOf(address('2')))
      assert.notEqual(conversationKeyOf(address('1'), 'channel'), conversationKeyOf(address(), 'channel'))
      assert.equal(conversationKeyOf(address('1'), 'user'), conversationKeyOf(address('2'), 'user'))
      assert.notEqual(channelKeyOf(address('1')), channelKeyOf(address('2')))
    }
  })

  it('tells topics of two groups on Telegram apart, that have the same number', () => {
    const topic = { ...group, platform: 'telegram', channelId: '5' }
    assert.notEqual(conversationKeyOf(topic, 'channel'), conversationKeyOf({ ...topic, guildId: 'h' }, 'channel'))
  })

  it('does not confuse ids that contain the separator', () => {
    const name = (channelId: string, userId = 'c') => conversationKeyOf({ ...group, channelId, userId })
    assert.notEqual(name('a:b', 'c'), name('a', 'b:c'))
    assert.notEqual(name('%3A'), name(':'))
  })
})
