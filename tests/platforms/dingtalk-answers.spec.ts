import assert from 'node:assert/strict'
import { scenarios } from 'testkit'
import { DingtalkInstance } from '../support/dingtalk-instance'

const card = { DINGTALK_CARD_TEMPLATE_ID: 'ai.schema' }

describe('answers of the instance on DingTalk', function() {
  this.timeout(240_000)

  let on: DingtalkInstance

  afterEach(() => on.close())

  async function start(env: Record<string, string> = {}, edit?: (yml: string) => string) {
    on = await DingtalkInstance.start(env, { sessionWebhooks: true }, { edit })
  }

  /** Makes Gemini stop in the middle of its answer. @returns lets it go on */
  function holdAnswer(...steps: Parameters<typeof scenarios.text>) {
    let release = () => {}
    const gate = new Promise<void>((resolve) => { release = resolve })
    on.gemini.respond(scenarios.text(gate, ...steps))
    return release
  }

  it('put a reaction on the message at once, and take it back when they are there', async () => {
    await start()
    const { dingtalk } = on
    const release = holdAnswer('好了')
    await dingtalk.say('慢', { userId: 'alice', msgId: 'slow' })
    await on.until(() => dingtalk.reactions.length === 1, 'the reaction')
    assert.deepEqual([dingtalk.reactions[0].msgId, dingtalk.reactions[0].name, dingtalk.reactions[0].isRecalled], ['slow', '收到', false])
    release()
    await on.messages(1)
    await on.until(() => dingtalk.reactions[0].isRecalled, 'the end of the reaction')
    // DingTalk's list of calls outside the quota has no reactions.
    assert.deepEqual(dingtalk.calls.filter(({ billed }) => billed).map(({ api }) => api), ['react', 'unreact'])
    await dingtalk.say('dingtalk.usage', { userId: 'alice' })
    const [, [, usage]] = await on.messages(2)
    // On a busy machine the command gets a reaction of its own before it counts.
    assert.match(usage, /调用了 [23] 次 API/)
  })

  it('show on a card that they are coming, without a reaction where the settings say so', async () => {
    await start(card, yml => yml.replace('~dingtalk-companion:companion: {}', '~dingtalk-companion:companion: { reactionWithCards: false }'))
    const release = holdAnswer('好了')
    await on.dingtalk.say('慢', { userId: 'alice' })
    await on.until(() => /^（正在.*……）$/.test(on.dingtalk.cards[0]?.content ?? ''), 'the status')
    release()
    assert.equal((await on.cards(1))[0].content, '好了')
    assert.deepEqual(on.dingtalk.reactions, [])
  })

  it('have a reaction before their card', async () => {
    await start(card)
    const release = holdAnswer('好了')
    await on.dingtalk.say('慢', { userId: 'alice' })
    await on.until(() => on.dingtalk.reactions.length === 1, 'the reaction')
    release()
    assert.equal((await on.cards(1))[0].content, '好了')
    await on.until(() => on.dingtalk.reactions[0].isRecalled, 'the end of the reaction')
    const calls = on.dingtalk.calls.map(({ api }) => api)
    assert.ok(calls.indexOf('react') < calls.indexOf('createAndDeliver'), calls.join())
  })

  it('show thoughts on cards as a quotation, and none in messages', async () => {
    const edit = (yml: string) => yml.replace(/(\n +)(?=proxy: )/, '$1showThoughts: true$1')
    await start(card, edit)
    on.gemini.respond(scenarios.thinking('先想想月亮', '潮汐是海水涨落。'))
    await on.dingtalk.say('潮汐', { userId: 'alice' })
    const [{ content }] = await on.cards(1)
    assert.match(content, /^> 先想想月亮[^]*潮汐是海水涨落。$/)
    await on.close()
    await start({}, edit)
    on.gemini.respond(scenarios.thinking('先想想月亮', '潮汐是海水涨落。'))
    await on.dingtalk.say('潮汐', { userId: 'alice' })
    assert.deepEqual(await on.messages(1), [['alice', '潮汐是海水涨落。']])
  })

  for (const [name, env] of [['a card', card], ['a card of the built-in template', { DINGTALK_BUILT_IN_CARD: 'true' }]] as const) {
    it(`of more than 3,000 characters go on in messages after ${name}`, async () => {
      await start(env)
      on.gemini.respond(scenarios.text('字'.repeat(3500)))
      await on.dingtalk.say('长', { userId: 'alice' })
      await on.messages(1)
      const [{ content }] = await on.cards(1)
      assert.ok(content.length <= 3000, String(content.length))
      assert.equal(content + on.dingtalk.messages[0].param.text, '字'.repeat(3500))
    })
  }

  it('stay in one card of any length with splitCards off', async () => {
    await start(card, yml => yml.replace('~dingtalk-companion:companion: {}', '~dingtalk-companion:companion: { splitCards: false }'))
    on.gemini.respond(scenarios.text('字'.repeat(3500)))
    await on.dingtalk.say('长', { userId: 'alice' })
    const [{ content }] = await on.cards(1)
    assert.deepEqual([content, on.dingtalk.messages], ['字'.repeat(3500), []])
  })

  it('warn of both quotas, in the log and in the command, and save what is left', async () => {
    const settings = '~dingtalk-companion:companion: { monthlyCalls: 10, monthlyMessages: 10 }'
    await start(card, yml => yml.replace('~dingtalk-companion:companion: {}', settings))
    // A card takes two calls and one message.
    for (let count = 1; count <= 5; count++) {
      await on.dingtalk.say(`问题 ${count}`, { userId: 'alice' })
      await on.until(() => on.dingtalk.messages.length + on.dingtalk.cards.filter(({ state }) => state === 'finished').length === count, 'the answer')
    }
    await on.until(() => /\d of 10 calls of this month are used \(\d+ %\)/.test(on.instance.output), 'the warning of calls')
    const answered = on.dingtalk.messages.length
    await on.dingtalk.say('dingtalk.usage', { userId: 'alice' })
    const text = (await on.messages(answered + 1)).at(-1)![1]
    assert.match(text, /API/)
    assert.match(text, /注意|所剩不多/)
    await on.dingtalk.say('又一个', { userId: 'alice' })
    await on.messages(answered + 2)
    await on.dingtalk.say('再一个', { userId: 'alice' })
    await on.messages(answered + 3)
    await on.until(() => /of 10 webhook and Stream messages of this month are used/.test(on.instance.output), 'the warning of messages')
    await on.dingtalk.say('dingtalk.usage', { userId: 'alice' })
    assert.match((await on.messages(answered + 4)).at(-1)![1], /Webhook 与 Stream 消息已用 \d+%，现在不用卡片的回答改走 API/)
  })

  it('name what works where a message is blank', async () => {
    await start()
    await on.dingtalk.say(' ', { userId: 'alice' })
    assert.match((await on.messages(1))[0][1], /图片、PDF/)
    // Groups deliver texts and pictures only.
    await on.dingtalk.say(' ', { userId: 'alice', conversationId: 'cidGROUP' })
    assert.match((await on.messages(2))[1][1], /发图片给我；其他文件请单独发给我/)
  })
})
