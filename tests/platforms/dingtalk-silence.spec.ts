import assert from 'node:assert/strict'
import { scenarios, dingtalkErrors } from 'testkit'
import { DingtalkInstance } from '../support/dingtalk-instance'

const card = { DINGTALK_CARD_TEMPLATE_ID: 'ai.schema' }

describe('the instance on DingTalk answers', function() {
  this.timeout(240_000)

  let on: DingtalkInstance

  const start = async (...options: Parameters<typeof DingtalkInstance.start>) => {
    on = await DingtalkInstance.start(...options)
  }

  afterEach(() => on.close())

  /** How long an answer takes that nothing delays, in milliseconds: a measure of how busy the machine is. */
  async function usualAnswerMs() {
    const startedAt = performance.now()
    await on.dingtalk.say('平常', { userId: 'alice' })
    await on.cards(1)
    return performance.now() - startedAt
  }

  const image = () => on.dingtalk.media(Buffer.from('%PDF-1.4'), 'application/pdf')

  it('in a group that Koishi has assigned to another bot', async () => {
    await start({}, { otherApps: { dingother: 'other-secret' } })
    await on.dingtalk.say('一', { conversationId: 'cidGROUP' })
    await on.messages(1)
    // The app was created anew: the group belongs to the former one.
    on.instance.process.kill('SIGTERM')
    await on.instance.exited
    await on.run({ DINGTALK_CLIENT_ID: 'dingother', DINGTALK_CLIENT_SECRET: 'other-secret' })
    await on.dingtalk.say('二', { conversationId: 'cidGROUP', robotCode: 'dingother' })
    assert.deepEqual((await on.messages(2)).map(([, text]) => text), ['收到：一', '收到：二'])
    await on.dingtalk.say('echo 三', { conversationId: 'cidGROUP', robotCode: 'dingother' })
    await on.dingtalk.say({ msgtype: 'richText', content: { richText: [{ text: '四' }] } }, { conversationId: 'cidGROUP', robotCode: 'dingother' })
    assert.deepEqual((await on.messages(4)).map(([, text]) => text).slice(2).sort(), ['三', '收到：四'])
  })

  it('people without a staff id, in groups and in direct chats', async () => {
    await start({}, { sessionWebhooks: true })
    await on.dingtalk.say('外部', { isExternal: true, userId: 'eve', conversationId: 'cidGROUP' })
    assert.deepEqual((await on.messages(1))[0], ['cidGROUP', '收到：外部'])
    await on.dingtalk.say('单聊', { isExternal: true, userId: 'eve' })
    assert.deepEqual((await on.messages(2))[1], ['eve', '收到：单聊'])
    await on.dingtalk.say('echo 指令', { isExternal: true, userId: 'eve' })
    assert.deepEqual((await on.messages(3))[2], ['eve', '指令'])
    assert.doesNotMatch(on.instance.output, /missing primary key|\[E\]/)
  })

  it('what is left of a message whose picture cannot be downloaded', async () => {
    await start()
    on.dingtalk.fail('download', dingtalkErrors.invalid('downloadCode', 'downloadCode is invalid'))
    const richText = [{ text: '这是什么' }, { type: 'picture' as const, downloadCode: image() }]
    await on.dingtalk.say({ msgtype: 'richText', content: { richText } })
    const texts = (await on.messages(2)).map(([, text]) => text)
    assert.ok(texts.includes('收到：这是什么') && texts.some(text => text.includes('没能从钉钉下载')), texts.join())
    on.dingtalk.fail('download', dingtalkErrors.invalid('downloadCode', 'downloadCode is invalid'))
    await on.dingtalk.say({ msgtype: 'picture', content: { downloadCode: image() } })
    assert.match((await on.messages(3))[2][1], /没能从钉钉下载/)
  })

  it('or tells the person about, whatever cannot be read, and acknowledges it once', async () => {
    await start({}, { redelivery: 60_000 })
    await on.dingtalk.say('先来一条', { userId: 'alice' })
    await on.messages(1)
    const { data } = on.dingtalk.stream.deliveries[0]
    let count = 1
    for (const [name, change, expected] of [
      ['rich text without items', { msgtype: 'richText', content: { richText: null }, text: undefined }, /没能读取|图片/],
      ['rich text of something else', { msgtype: 'richText', content: { richText: 7 }, text: undefined }, /没能读取/],
      ['a picture without content', { msgtype: 'picture', content: null, text: undefined }, /没能读取|图片/],
      ['voice without anything', { msgtype: 'audio', content: {}, text: undefined }, /没能读取|图片/],
      ['a file without anything', { msgtype: 'file', content: 'file', text: undefined }, /没能读取|图片/],
      ['an unknown type', { msgtype: 'hologram', text: undefined }, /没能读取|图片/],
      ['mentions of something else', { atUsers: 'all', text: { content: '在吗' } }, /^收到：在吗$/],
      ['a quote that is broken', { text: { content: '好吗', isReplyMsg: true, repliedMsg: { content: '[' } } }, /收到：.*好吗/s],
    ] as const) {
      const delivery = await on.dingtalk.stream.push({ ...data, msgId: `odd-${count}`, ...change })
      const texts = await on.messages(++count)
      assert.match(texts.at(-1)![1], expected)
      await on.until(() => delivery.acknowledgedAt !== undefined, `the acknowledgement of ${name}`)
      assert.equal(delivery.sentAt.length, 1, name)
    }
    assert.doesNotMatch(on.instance.output, /\[E\]|UnhandledPromise/)
  })

  it('when DingTalk sends it again, what could not be read nor told the person about', async () => {
    await start({}, { redelivery: 3000 })
    await on.dingtalk.say('先来一条', { userId: 'alice' })
    await on.messages(1)
    const { data } = on.dingtalk.stream.deliveries[0]
    on.dingtalk.fail('batchSend', dingtalkErrors.invalid('userIds', 'no such user'))
    const delivery = await on.dingtalk.stream.push({ ...data, msgId: 'odd', msgtype: 'richText', content: { richText: 7 } })
    assert.match((await on.messages(2))[1][1], /没能读取/)
    await on.until(() => delivery.acknowledgedAt !== undefined, 'the acknowledgement')
    assert.ok(delivery.sentAt.length >= 2, String(delivery.sentAt.length))
  })

  it('commands from HarmonyOS', async () => {
    await start()
    await on.dingtalk.say({ msgtype: 'richText', content: { richText: [{ text: '@小G' }, { text: '/echo 好' }] } }, { conversationId: 'cidGROUP' })
    assert.deepEqual(await on.messages(1), [['cidGROUP', '好']])
    assert.equal(on.gemini.requests.length, 0)
  })

  it('commands and questions while the access token is revoked', async () => {
    await start()
    for (const [index, text] of ['echo 一', '二', 'echo 三'].entries()) {
      on.dingtalk.expireTokens()
      await on.dingtalk.say(text, { userId: 'alice' })
      await on.messages(index + 1)
    }
    assert.deepEqual((await on.messages(3)).map(([, text]) => text), ['一', '收到：二', '三'])
  })

  it('within seconds when cards hang, and does not try the next one', async () => {
    await start(card)
    const usualMs = await usualAnswerMs()
    on.dingtalk.fail('createAndDeliver', 'hang', 4)
    const startedAt = performance.now()
    await on.dingtalk.say('一', { userId: 'alice' })
    await on.messages(1)
    const duration = performance.now() - startedAt
    assert.ok(duration < 9000 + 4 * usualMs, `${duration} ms instead of ${usualMs} ms`)
    await on.until(() => /card\/instances\/createAndDeliver fails/.test(on.instance.output), 'the line')
    const tries = on.dingtalk.calls.filter(({ api }) => api === 'createAndDeliver').length
    await on.dingtalk.say('二', { userId: 'alice' })
    assert.deepEqual((await on.messages(2)).map(([, text]) => text), ['收到：一', '收到：二'])
    assert.equal(on.dingtalk.calls.filter(({ api }) => api === 'createAndDeliver').length, tries)
  })

  it('within seconds when the last update of a card hangs', async () => {
    await start(card)
    const usualMs = await usualAnswerMs()
    let finish = () => {}
    const gate = new Promise<void>((resolve) => { finish = resolve })
    on.gemini.respond(scenarios.text('前半', gate, '后半'))
    await on.dingtalk.say('一', { userId: 'alice' })
    await on.cards(1, 'typing')
    on.dingtalk.fail('streaming', 'hang', 4)
    const startedAt = performance.now()
    finish()
    await on.messages(1)
    const duration = performance.now() - startedAt
    assert.ok(duration < 16_000 + 4 * usualMs, `${duration} ms instead of ${usualMs} ms`)
    assert.match(on.dingtalk.messages[0].param.text, /后半/)
  })
})
