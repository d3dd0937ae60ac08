import assert from 'node:assert/strict'
import { dingtalkErrors } from 'testkit'
import { Config } from '../../src/config'
import { Rig } from '../support/rig'
import type { Options } from '../support/rig'

describe('the sign that a message was received', () => {
  let rig: Rig

  async function start(config: Options['config'] = {}) {
    rig = await (await Rig.start({ config: { cardTemplateId: undefined, ...config } })).online()
  }

  afterEach(() => rig.close())

  const states = () => rig.platform.reactions.map(({ isRecalled }) => isRecalled)

  it('is put on a message at once, and taken back when the answer is there', async () => {
    await start()
    const { session, endChain } = await rig.turn('cidGROUP')
    await rig.clock.advance(150)
    await rig.until(() => rig.platform.reactions.length === 1)
    const [{ msgId, conversationId, name }] = rig.platform.reactions
    assert.deepEqual([msgId, conversationId, name], [session.messageId, 'cidGROUP', '收到'])
    await session.send('好')
    await endChain()
    await rig.until(() => states()[0])
    // DingTalk's list of calls outside the quota has no reactions.
    assert.deepEqual([rig.billed, rig.companion.describeUsage(session)[0]], [3, 'dingkey 2027-01 3/5000'])
  })

  it('names the conversation of direct chats, which is not Koishi\'s channel', async () => {
    await start()
    const { endChain } = await rig.turn()
    await rig.clock.advance(150)
    await rig.until(() => rig.platform.reactions.length === 1)
    assert.equal(rig.platform.reactions[0].conversationId, 'cid-alice==')
    await endChain()
  })

  for (const [name, config] of [
    ['a card shows the same', { cardTemplateId: 'ai.schema' }], ['it is off', { reaction: false }], ['streaming is off', { streaming: 'off' }],
    ['few calls are left', { monthlyCalls: 1 }],
  ] as const) {
    it(`costs nothing when ${name}`, async () => {
      await start(config)
      if ('monthlyCalls' in config) await rig.bot.sendMessage('cidGROUP', '字')
      const { endChain } = await rig.turn('cidGROUP')
      await rig.clock.advance(5000)
      await endChain()
      assert.deepEqual(states(), [])
    })
  }

  it('costs nothing when the answer is there within 150 ms', async () => {
    await start()
    const { session, endChain } = await rig.turn('cidGROUP')
    await rig.clock.advance(149)
    await session.send('好')
    await rig.clock.advance(5000)
    await endChain()
    assert.deepEqual([states(), rig.billed], [[], 1])
  })

  it('stands beside a card too, unless the settings say otherwise', async () => {
    assert.equal(new Config({} as Config).reactionWithCards, true)
    await start({ cardTemplateId: 'ai.schema', reactionWithCards: true })
    const { session, endChain } = await rig.turn('cidGROUP')
    await rig.clock.advance(150)
    await rig.until(() => rig.platform.reactions.length === 1)
    const [id] = await session.send('甲')
    await rig.bot.editMessage(session.channelId!, id, '甲乙')
    await rig.until(() => rig.platform.cards.length === 1, 100)
    await endChain()
    await rig.until(() => states()[0], 10)
    assert.deepEqual([rig.platform.cards[0].content, rig.texts], ['甲乙', []])
  })

  it('is not tried again for half an hour after a refusal', async () => {
    await start()
    rig.platform.fail('react', dingtalkErrors.missingScope('qyapi_robot_sendmsg'))
    for (const [pauseMs, count] of [[0, 0], [60_000, 0], [1_800_000, 1]]) {
      await rig.clock.advance(pauseMs)
      const { endChain } = await rig.turn('cidGROUP')
      await rig.clock.advance(150)
      for (let index = 0; index < 10; index++) await rig.clock.advance(0)
      await endChain()
      await rig.until(() => rig.platform.reactions.length === count, 10)
    }
    assert.equal(rig.platform.calls.filter(({ api }) => api === 'react').length, 2)
  })
})
