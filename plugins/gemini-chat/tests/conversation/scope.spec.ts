import assert from 'node:assert/strict'
import { channelKeyOf, conversationKeyOf, scopes } from '../../src/conversation/scope'
import type { Address } from '../../src/conversation/scope'

const group: Address = { platform: 'qq', selfId: '1', isDirect: false, channelId: 'c', guildId: 'g', userId: 'u' }
const direct = { ...group, isDirect: true }

describe('conversationKeyOf', () => {
  for (const scope of scopes) {
    it(`${scope} is the same for the same person and channel`, () => {
      assert.equal(conversationKeyOf(group, scope), conversationKeyOf({ ...group }, scope))
    })

    it(`${scope} belongs to a platform and a bot`, () => {
      assert.notEqual(conversationKeyOf(group, scope), conversationKeyOf({ ...group, platform: 'kook' }, scope))
      assert.notEqual(conversationKeyOf(group, scope), conversationKeyOf({ ...group, selfId: '2' }, scope))
    })

    it(`${scope} does not depend on the guild, which all DingTalk chats share`, () => {
      assert.equal(conversationKeyOf(group, scope), conversationKeyOf({ ...group, guildId: 'h' }, scope))
    })

    it(`${scope} keeps direct chats separate`, () => {
      assert.equal(conversationKeyOf(direct, scope), conversationKeyOf(direct))
      assert.equal(conversationKeyOf(direct, scope), conversationKeyOf({ ...direct, channelId: 'private:u' }, scope))
      assert.notEqual(conversationKeyOf(direct, scope), conversationKeyOf({ ...direct, userId: 'v' }, scope))
      assert.notEqual(conversationKeyOf(direct, scope), conversationKeyOf(group, scope))
    })
  }

  it('separates people and channels by scope', () => {
    const differs = (change: object) => {
      const changed = { ...group, ...change }
      return scopes.filter(scope => conversationKeyOf(group, scope) !== conversationKeyOf(changed, scope))
    }
    assert.deepEqual(differs({ userId: 'v' }), ['user-in-channel', 'user'])
    assert.deepEqual(differs({ channelId: 'd' }), ['user-in-channel', 'channel'])
  })

  it('separates people by default', () => {
    assert.equal(conversationKeyOf(group), conversationKeyOf(group, 'user-in-channel'))
  })

  it('contains the scope', () => {
    const names = scopes.flatMap(scope => [conversationKeyOf(group, scope), conversationKeyOf({ ...group, channelId: 'u', userId: 'c' }, scope)])
    assert.equal(new Set(names).size, names.length)
  })

  it('contains the thread where a platform has threads', () => {
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

  it('separates topics with the same number in two Telegram groups', () => {
    const topic = { ...group, platform: 'telegram', channelId: '5' }
    assert.notEqual(conversationKeyOf(topic, 'channel'), conversationKeyOf({ ...topic, guildId: 'h' }, 'channel'))
  })

  it('escapes ids that contain the separator', () => {
    const name = (channelId: string, userId = 'c') => conversationKeyOf({ ...group, channelId, userId })
    assert.notEqual(name('a:b', 'c'), name('a', 'b:c'))
    assert.notEqual(name('%3A'), name(':'))
  })
})
