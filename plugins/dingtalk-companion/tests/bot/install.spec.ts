import assert from 'node:assert/strict'
import { h } from 'koishi'
import type { Bot, Session } from 'koishi'
import { Rig } from '../support/rig'
import type { Options } from '../support/rig'

/** A bot as plugins look at it that know the streaming contract. */
type StreamingBot = Omit<Bot, 'editMessage'> & Partial<Pick<Bot, 'editMessage'>> & { editInterval?: number, markdown?: boolean }

describe('a bot of the stock adapter', () => {
  let rig: Rig

  async function start(options: Options = {}) {
    rig = await (await Rig.start(options)).online()
  }

  afterEach(() => rig.close())

  const bot = () => rig.bot as StreamingBot

  it('takes raw Markdown and can be edited while it is companied, and is as before afterwards', async () => {
    await start()
    assert.deepEqual([bot().markdown, bot().editInterval, typeof bot().editMessage], [true, 400, 'function'])
    assert.equal(await rig.bot.supports('message.update'), true)
    rig.fork.dispose()
    assert.deepEqual([bot().markdown, bot().editInterval, bot().editMessage], [undefined, undefined, undefined])
    assert.equal(Object.hasOwn(bot(), 'createMessage'), false)
    await rig.bot.sendMessage('cidGROUP', '**字**')
    assert.equal(rig.platform.messages[0].param.title, undefined)
  })

  it('keeps a wrapper that another plugin has put around it, which then calls the stock adapter', async () => {
    await start()
    const { createMessage } = rig.bot
    const wrapped: unknown[] = []
    rig.bot.createMessage = async function(channelId, content, ...rest) {
      wrapped.push(content)
      return createMessage.call(this, channelId, content, ...rest)
    }
    rig.fork.dispose()
    await rig.bot.sendMessage('cidGROUP', '字')
    assert.deepEqual([wrapped, rig.texts, rig.platform.messages[0].param.title], [['字'], ['字'], undefined])
  })

  it('cannot be edited without a template, with streaming off, or while cards are refused', async () => {
    await start({ config: { cardTemplateId: undefined } })
    assert.equal(bot().editMessage, undefined)
    await rig.close()
    await start({ config: { streaming: 'off' } })
    assert.equal(bot().editMessage, undefined)
    await rig.close()
    await start({ config: { monthlyCalls: 10 } })
    for (let count = 0; count < 9; count++) await rig.settled(rig.bot.sendMessage('cidGROUP', '字'))
    assert.equal(bot().editMessage, undefined)
    await rig.close()
    await start()
    rig.platform.meter.missing.add('Card.Instance.Write')
    const answer = await rig.answer()
    answer.update('你')
    await rig.until(() => rig.warnings.length > 0)
    // The message that is being written can still be edited.
    assert.equal(typeof bot().editMessage, 'function')
    await answer.finish('你好')
    assert.equal(bot().editMessage, undefined)
  })

  it('sends elements as Markdown with a title, to groups and to people', async () => {
    await start()
    const [id] = await rig.bot.sendMessage('cidGROUP', h.parse('<p>你好 <b>世界</b></p><p>a_b * c</p>'))
    await rig.bot.sendPrivateMessage('alice', '悄悄话')
    assert.deepEqual(rig.platform.messages.map(({ conversationId, userIds, msgKey, param }) => {
      return [conversationId ?? userIds?.[0], msgKey, param]
    }), [
      ['cidGROUP', 'sampleMarkdown', { title: '你好 世界', text: '你好 **世界**\n\na_b \\* c' }],
      ['alice', 'sampleMarkdown', { title: '悄悄话', text: '悄悄话' }],
    ])
    assert.equal(typeof id, 'string')
  })

  it('emits Koishi\'s events for what it sends', async () => {
    await start()
    const sent: Session[] = []
    rig.app.on('send', session => void sent.push(session))
    rig.app.on('before-send', (session) => {
      if (session.content === '拦下') return true
      session.elements = [h.text(`${session.content}！`)]
    })
    const ids = await rig.bot.sendMessage('cidGROUP', '你好')
    assert.deepEqual(await rig.bot.sendMessage('cidGROUP', '拦下'), [])
    assert.deepEqual(rig.texts, ['你好！'])
    assert.deepEqual(sent.map(({ messageId, content }) => [messageId, content]), [[ids[0], '你好！']])
  })

  it('sends several messages where there are several, and none for what is blank', async () => {
    await start()
    const ids = await rig.bot.sendMessage('cidGROUP', '<message>一</message><message>二</message>三')
    assert.deepEqual([rig.texts, new Set(ids).size], [['一', '二', '三'], 3])
    assert.deepEqual(await rig.bot.sendMessage('cidGROUP', ' '), [])
  })

  it('leaves files to the stock encoder, in their place', async () => {
    await start()
    await rig.bot.sendMessage('cidGROUP', [h.text('前'), h.image('https://a.b/c.png'), h.file('https://a.b/c.pdf'), h.text('后')])
    assert.deepEqual(rig.texts, ['前![](https://a.b/c.png)', '后'])
  })

  it('recalls what it has sent', async () => {
    await start({ config: { streaming: 'off' } })
    const recalled: unknown[] = []
    const internal = rig.bot.internal as { orgGroupRecall(params: object): Promise<unknown> }
    internal.orgGroupRecall = async params => void recalled.push(params)
    const [id] = await rig.bot.sendMessage('cidGROUP', '你好')
    assert.equal(id, 'query-1')
    await rig.bot.deleteMessage('cidGROUP', id)
    await rig.bot.deleteMessage('cidGROUP', 'query-of-others')
    const request = { robotCode: 'dingkey', openConversationId: 'cidGROUP' }
    assert.deepEqual(recalled, [
      { ...request, processQueryKeys: ['query-1'] },
      { ...request, processQueryKeys: ['query-of-others'] },
    ])
    await assert.rejects(rig.bot.deleteMessage('cidGROUP', id), { code: 'dingtalk/message-unknown' })
  })

  it('refuses to edit messages that it does not know', async () => {
    await start()
    await assert.rejects(rig.bot.editMessage('cidGROUP', 'unknown', '字'), { code: 'dingtalk/message-unknown', retryable: false })
  })
})
