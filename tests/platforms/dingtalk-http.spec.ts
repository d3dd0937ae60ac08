import assert from 'node:assert/strict'
import { DingtalkInstance } from '../support/dingtalk-instance'

describe('the instance on DingTalk in HTTP mode', function() {
  this.timeout(240_000)

  let on: DingtalkInstance

  afterEach(() => on.close())

  const start = async (env: Record<string, string> = {}) => {
    on = await DingtalkInstance.start({ DINGTALK_PROTOCOL: 'http', ...env }, { sessionWebhooks: true, otherApps: { dingother: 'other-secret' } })
    await on.until(() => on.dingtalk.calls.some(({ api }) => api === 'oldApps'), 'the login')
  }

  const post = (...[body, place]: Parameters<typeof on.dingtalk.say>) => {
    return on.dingtalk.post(`http://127.0.0.1:${on.instance.port}/dingtalk`, body, place)
  }

  it('acknowledges, reads voice, quotes, HarmonyOS and people outside the company, and replies by webhook', async () => {
    await start()
    const { dingtalk } = on
    const code = dingtalk.media(Buffer.from('#!AMR\n'), 'audio/amr')
    assert.equal(await post({ msgtype: 'audio', content: { downloadCode: code, recognition: '今天星期几' } }, { userId: 'alice' }), 200)
    await on.messages(1)
    assert.match(on.asked, /今天星期几/)
    await post('同意吗', { userId: 'alice', quote: { msgId: 'm1', body: '周五开会' } })
    await on.messages(2)
    assert.match(on.asked, /> 周五开会[^]*同意吗/)
    await post('外部', { isExternal: true, userId: 'eve' })
    assert.deepEqual((await on.messages(3))[2], ['eve', '收到：外部'])
    await post({ msgtype: 'richText', content: { richText: [{ text: '@小G' }, { text: '/echo 好' }] } }, { conversationId: 'cidGROUP' })
    assert.deepEqual((await on.messages(4))[3], ['cidGROUP', '@manager4220 好'])
    assert.deepEqual(dingtalk.messages.map(({ msgKey }) => msgKey), Array(4).fill('markdown'))
    assert.doesNotMatch(on.instance.output, /\[E\]|TypeError/)
  })

  it('answers a repeated message once, and refuses what the app has not signed', async () => {
    await start()
    for (let count = 0; count < 3; count++) assert.equal(await post('你好', { userId: 'alice', msgId: 'm1' }), 200)
    await on.messages(1)
    const url = `http://127.0.0.1:${on.instance.port}/dingtalk`
    const timestamp = String(Date.now())
    const body = JSON.stringify({ msgId: 'forged', msgtype: 'text', text: { content: '假的' }, senderStaffId: 'eve', senderId: 'eve' })
    for (const [name, headers] of [
      ['no signature', {}], ['a wrong one', { timestamp, sign: 'd3Jvbmc=' }], ['no time', { sign: 'd3Jvbmc=' }],
      ['an old one', { timestamp: '1', sign: 'd3Jvbmc=' }],
    ] as const) {
      const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
      assert.ok([401, 403].includes(response.status), `${name}: ${response.status}`)
    }
    await post('好了', { userId: 'alice' })
    assert.deepEqual((await on.messages(2)).map(([, text]) => text), ['收到：你好', '收到：好了'])
  })

  it('shows answers in cards', async () => {
    await start({ DINGTALK_CARD_TEMPLATE_ID: 'ai.schema' })
    await post('你好', { conversationId: 'cidGROUP' })
    const [card] = await on.cards(1)
    assert.deepEqual([card.content, card.space], ['收到：你好', 'IM_GROUP.cidGROUP'])
  })
})
