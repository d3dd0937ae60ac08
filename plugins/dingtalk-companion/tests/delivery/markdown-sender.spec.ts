import assert from 'node:assert/strict'
import { dingtalkErrors } from 'testkit'
import { Rig } from '../support/rig'

describe('MarkdownSender', () => {
  let rig: Rig

  beforeEach(async () => {
    rig = await (await Rig.start({ config: { cardTemplateId: undefined } })).online()
  })

  afterEach(() => rig.close())

  it('sends one message of raw Markdown with a title to a direct chat', async () => {
    const answer = await rig.answer()
    answer.update('# 你好')
    await answer.finish('# 你好\n\n**世界** <at all/> `a_b`')
    assert.deepEqual(rig.platform.messages.map(({ userIds, msgKey, param }) => ({ userIds, msgKey, param })), [{
      userIds: ['alice'], msgKey: 'sampleMarkdown', param: { title: '你好', text: '# 你好\n\n**世界** <at all/> `a_b`' },
    }])
    assert.equal(rig.billed, 1)
  })

  it('sends one message to a group', async () => {
    await (await rig.answer('cidGROUP')).finish('好')
    assert.equal(rig.platform.messages[0].conversationId, 'cidGROUP')
    assert.deepEqual(rig.calls, ['groupSend'])
  })

  it('splits long text into messages, in order and within the limit', async () => {
    const paragraphs = Array.from({ length: 300 }, (_, index) => `第 ${index} 段 "引号" ${'字'.repeat(40)}`)
    await (await rig.answer()).finish(paragraphs.join('\n\n'))
    assert.ok(rig.texts.length > 2)
    assert.equal(rig.texts.join('\n\n'), paragraphs.join('\n\n'))
  })

  it('closes code at the end of a message and opens it again in the next', async () => {
    const code = Array.from({ length: 900 }, (_, index) => `const value${index} = "${index}"`)
    await (await rig.answer()).finish(['```js', ...code, '```'].join('\n'))
    assert.ok(rig.texts.length > 1)
    for (const text of rig.texts) assert.match(text, /^```js\n[^]*\n```$/)
    assert.equal(rig.texts.map(text => text.slice(6, -4)).join('\n'), code.join('\n'))
  })

  it('retries when DingTalk refuses for speed', async () => {
    rig.platform.fail('batchSend', dingtalkErrors.qpsLimit(), 2)
    const answer = await rig.answer()
    await rig.settled(answer.finish('好'))
    assert.deepEqual(rig.texts, ['好'])
    assert.equal(rig.billed, 1)
  })

  it('refreshes an expired token once for all calls', async () => {
    const [first, second] = [await rig.answer(), await rig.answer('cidGROUP')]
    rig.platform.expireTokens()
    await Promise.all([first.finish('一'), second.finish('二')])
    assert.deepEqual(rig.texts.sort(), ['一', '二'])
    assert.equal(rig.platform.calls.filter(({ api }) => api === 'token').length, 2)
  })

  it('gives up when a new token is invalid as well', async () => {
    const answer = await rig.answer()
    rig.platform.fail('batchSend', dingtalkErrors.invalidToken(), 2)
    await assert.rejects(answer.finish('好'), { code: 'dingtalk/token-invalid' })
  })

  it('names a missing permission once', async () => {
    rig.platform.meter.missing.add('qyapi_robot_sendmsg')
    for (let time = 0; time < 2; time++) await assert.rejects((await rig.answer()).finish('好'), { code: 'dingtalk/permission-denied' })
    assert.equal(rig.warnings.length, 1)
    assert.match(rig.warnings[0], /the permission qyapi_robot_sendmsg is missing/)
  })

  it('does not repeat a message that may have arrived', async () => {
    const answer = await rig.answer()
    rig.platform.fail('batchSend', 'reset')
    await assert.rejects(answer.finish('好'), ({ message }: Error) => !/127\.0\.0\.1/.test(message))
    assert.deepEqual(rig.calls, ['batchSend'])
  })

  it('fails when DingTalk answers with a page, or not at all', async () => {
    const answer = await rig.answer()
    rig.platform.fail('batchSend', 'ban')
    await assert.rejects(answer.finish('好'), { code: 'dingtalk/address-blocked' })
    rig.platform.fail('batchSend', 'hang')
    const failing = assert.rejects((await rig.answer()).finish('好'), /does not answer/)
    await rig.until(() => rig.calls.length === 2)
    await rig.clock.advance(15_000)
    await failing
  })
})
