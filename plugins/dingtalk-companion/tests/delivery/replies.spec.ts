import assert from 'node:assert/strict'
import { h } from 'koishi'
import { dingtalkErrors } from 'testkit'
import { Rig } from '../support/rig'
import type { Options } from '../support/rig'

describe('replies', () => {
  let rig: Rig

  async function start(config: Options['config'] = {}, platform: Options['platform'] = {}) {
    rig = await Rig.start({
      config: { cardTemplateId: undefined, ...config }, platform: { sessionWebhooks: true, ...platform },
    })
    await rig.online()
  }

  afterEach(() => rig.close())

  const sent = () => rig.platform.messages.map(({ conversationId, userIds, msgKey, param, mentions = [] }) => {
    return [conversationId ?? userIds![0], msgKey, param.text, mentions]
  })

  async function reply(text: string, conversationId?: string) {
    const { session, endChain } = await rig.turn(conversationId, 'alice')
    await rig.settled(session.send(h('markdown', {}, h.text(text))))
    await rig.settled(endChain())
    return session
  }

  it('go by the webhook of the conversation, which is no API call, with a title', async () => {
    await start()
    await reply('**好**')
    assert.deepEqual(sent(), [['alice', 'markdown', '**好**', []]])
    assert.deepEqual([rig.platform.messages[0].param.title, rig.billed], ['好', 0])
  })

  it('mention the person who asked in a group, once for each answer', async () => {
    await start()
    const { session, endChain } = await rig.turn('cidGROUP', 'alice')
    await session.send('一')
    await session.send('二')
    await endChain()
    assert.deepEqual(sent(), [['cidGROUP', 'markdown', '@alice 一', ['alice']], ['cidGROUP', 'markdown', '二', []]])
  })

  it('mention no one when that is off', async () => {
    await start({ mentionAsker: false })
    await reply('好', 'cidGROUP')
    assert.deepEqual(sent(), [['cidGROUP', 'markdown', '好', []]])
  })

  for (const [name, failure] of [
    ['refuses', { status: 200, ...dingtalkErrors.oldApiError(300001, 'session is not exist or expired') }],
    ['is banned', 'ban'],
  ] as const) {
    it(`go by the API when the webhook ${name}, and the next ones too`, async () => {
      await start()
      rig.platform.fail('webhook', failure as never)
      const { session, endChain } = await rig.turn('cidGROUP', 'alice')
      await session.send('一')
      await session.send('二')
      await endChain()
      assert.deepEqual(sent().map(([, key, text]) => [key, text]), [['sampleMarkdown', '一'], ['sampleMarkdown', '二']])
    })
  }

  it('are not repeated when the webhook may have taken them', async () => {
    await start()
    rig.platform.fail('webhook', 'reset')
    // Koishi logs the error.
    await reply('一')
    assert.deepEqual([sent(), rig.calls], [[], ['webhook']])
  })

  it('go by the API after the life of the webhook', async () => {
    await start()
    const { session, endChain } = await rig.turn('cidGROUP', 'alice')
    await rig.clock.advance(2 * 5_400_000)
    await rig.settled(session.send('晚了'))
    await endChain()
    // The mock's own clock has not moved: only the companion knows.
    assert.deepEqual(sent().map(([, key]) => key), ['sampleMarkdown'])
  })

  it('go by the API when few webhook and Stream messages are left', async () => {
    await start({ monthlyMessages: 10 })
    for (let count = 0; count < 8; count++) await reply(`${count}`)
    const keys = sent().map(([, key]) => key)
    assert.deepEqual([keys[0], keys.at(-1)], ['markdown', 'sampleMarkdown'])
    assert.match(rig.warnings.join(), /of 10 webhook and Stream messages of this month are used/)
  })

  it('are the only way to people outside the company, who have no staff id', async () => {
    await start({ cardTemplateId: 'ai.schema', monthlyMessages: 1 })
    let isThere = false
    rig.app.on('message', () => { isThere = true })
    await rig.platform.say('在吗', { isExternal: true, userId: 'eve' })
    await rig.until(() => isThere)
    await rig.settled(rig.bot.sendPrivateMessage('$:LWCP_v1:$eve', '在'))
    assert.deepEqual(sent(), [['eve', 'markdown', '在', []]])
  })

  it('never go to another host', async () => {
    await start({}, { sessionWebhooks: false })
    await reply('好')
    assert.deepEqual(sent().map(([, key]) => key), ['sampleMarkdown'])
  })

  it('cannot be recalled, which is an error', async () => {
    await start()
    const { session, endChain } = await rig.turn('cidGROUP', 'alice')
    const [id] = await session.send('好')
    await assert.rejects(rig.bot.deleteMessage('cidGROUP', id), { code: 'dingtalk/message-unrecallable' })
    await endChain()
  })

  it('are not what a plugin sends by itself: that goes by the API, and can be recalled', async () => {
    await start()
    await reply('好', 'cidGROUP')
    const [id] = await rig.settled(rig.bot.sendMessage('cidGROUP', '通知'))
    assert.deepEqual(sent()[1], ['cidGROUP', 'sampleMarkdown', '通知', []])
    await rig.bot.deleteMessage('cidGROUP', id)
    assert.equal(rig.platform.messages[1].isRecalled, true)
  })
})
