import assert from 'node:assert/strict'
import { scenarios } from 'testkit'
import { DingtalkInstance } from '../support/dingtalk-instance'

describe('the instance on DingTalk, in everyday use', function() {
  this.timeout(240_000)

  let on: DingtalkInstance

  afterEach(() => on.close())

  it('reads voice and quotes, and replies by the webhook with a mention', async () => {
    on = await DingtalkInstance.start({}, { sessionWebhooks: true })
    const { dingtalk } = on
    const code = dingtalk.media(Buffer.from('#!AMR\n'), 'audio/amr')
    await dingtalk.say({ msgtype: 'audio', content: { downloadCode: code, recognition: '今天星期几' } }, { userId: 'alice' })
    await on.messages(1)
    assert.match(on.asked, /今天星期几/)

    await dingtalk.say('同意吗', { userId: 'alice', quote: { msgId: 'm1', body: '周五开会' } })
    await on.messages(2)
    assert.match(on.asked, /> 周五开会[^]*同意吗/)

    await dingtalk.say('再说一遍', {
      userId: 'alice',
      quote: { msgId: 'm2', senderId: '$:LWCP_v1:$bot', body: { msgtype: 'interactiveCard', content: {} } },
    })
    await on.messages(3)
    assert.match(on.asked, /You wrote:\n> 收到：/)

    await dingtalk.say('在吗', { userId: 'bob', conversationId: 'cidGROUP' })
    assert.deepEqual((await on.messages(4))[3], ['cidGROUP', '@bob 收到：在吗'])
    assert.deepEqual(dingtalk.messages.map(({ msgKey }) => msgKey), Array(4).fill('markdown'))
    assert.deepEqual(dingtalk.messages[3].mentions, ['bob'])
    await dingtalk.say('dingtalk.usage', { userId: 'alice' })
    assert.match((await on.messages(5))[4][1], /Webhook 与 Stream 消息 \d+ 条，每月可用 3000 条/)
    assert.doesNotMatch(on.instance.output, /\[E\]|TypeError/)
  })

  it('stops an answer in a card when its stop button is clicked', async () => {
    on = await DingtalkInstance.start({ DINGTALK_CARD_TEMPLATE_ID: 'ai.schema' })
    const { dingtalk, gemini } = on
    gemini.respond(scenarios.text('说到', new Promise<void>(() => {}), '完了'))
    await dingtalk.say('说吧', { userId: 'alice', conversationId: 'cidGROUP' })
    const [card] = await on.cards(1, 'typing')
    assert.deepEqual(card.mentions, { alice: 'alice' })
    await dingtalk.click(card, { userId: 'alice', actionId: 'stop' })
    await on.cards(1)
    assert.match(card.content, /^说到/)
    assert.doesNotMatch(card.content, /完了/)
  })
})
