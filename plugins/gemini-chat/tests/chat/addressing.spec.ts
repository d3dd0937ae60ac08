import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import { h } from 'koishi'
import { PingPongBrake } from '../../src/chat/ping-pong'
import { textOf } from '../../src/chat/prompt'
import { createApp, EditingBot, RecordingBot } from '../support/app'
import type { AppOptions, TestApp } from '../support/app'
import { questionOf } from '../support/engine'

describe('who is answered, and what is asked', () => {
  let test: TestApp

  async function start(config: object = {}, options: Partial<AppOptions> = {}) {
    test = await createApp({ ...options, config })
    test.bot.user = { id: '514', name: '小助手' }
  }

  afterEach(() => test.close())

  const questions = () => test.engine.requests.map(questionOf)

  describe('a mention of the bot', () => {
    for (const [message, question] of [
      ['@小助手报销流程是什么', '报销流程是什么'],
      ['@小助手 报销流程是什么', '报销流程是什么'],
      ['＠小助手报销流程是什么', '报销流程是什么'],
      ['@小G报销流程是什么', '报销流程是什么'],
      ['请问@小助手 报销流程是什么', '请问报销流程是什么'],
      ['报销流程是什么 @小助手', '报销流程是什么'],
      ['报销流程是什么@小助手', '报销流程是什么'],
      ['@小助手 @小助手 报销', '报销'],
      ['@张三 @小助手 报销', '@张三 报销'],
      ['<at id="514"/>报销', '报销'],
      ['报销流程 <at id="514"/>', '报销流程'],
      ['<at id="514"/> <at id="514"/> 报销', '报销'],
      ['<at id="9" name="张三"/> 请 <at id="514"/> 说明', '@张三 请  说明'],
      ['<img src="x"/><at id="514"/> 这是什么', '[image] 这是什么'],
    ]) {
      it(`is found in ${message}`, async () => {
        await start()
        await test.client('alice', 'group').receive(message)
        assert.deepEqual(questions(), [question])
      })
    }

    for (const message of ['报销流程是什么', 'mail a@小助手.com', '@小助手2号'.replace('小助手', '小明'), '小助手是谁', '@all 开会']) {
      it(`is not in ${message}`, async () => {
        await start()
        await test.client('alice', 'group').receive(message)
        assert.deepEqual(questions(), [])
      })
    }

    it('may be a reply to one of its messages', async () => {
      await start()
      const quote = { id: 'm', content: '五万元', user: { id: '514' } }
      for (const [user, count] of [[{ id: '514' }, 1], [{ id: '9' }, 1]] as const) {
        const session = test.bot.session({
          type: 'message', user: { id: 'alice' }, channel: { id: 'group', type: 0 }, guild: { id: 'group' },
          message: { id: `${user.id}`, elements: [h.text('为什么')], quote: { ...quote, user } },
        })
        test.bot.dispatch(session)
        for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve))
        assert.equal(questions().length, count)
      }
      assert.match(questions()[0], /^You wrote:\n> 五万元\n\n为什么$/)
    })
  })

  describe('a short name', () => {
    for (const message of [
      '/新对话', '／新对话', '新对话。', '新对话！', '新对话 ', '@小助手 /新对话', '@小助手新对话。', '@张三 @小助手 新对话',
      '<at id="514"/> <at id="514"/> 新对话', '<at id="9"/> <at id="514"/> 新对话', '新对话 <at id="514"/>',
    ]) {
      it(`is a command as ${message}`, async () => {
        await start()
        const group = message.includes('@') || message.includes('at id') ? 'group' : undefined
        await test.client('alice', group).shouldReply(message, /清空/)
        assert.deepEqual(questions(), [])
      })
    }

    it('takes its argument as well', async () => {
      await start({ fallbackModels: ['m2'] })
      await test.client('alice').shouldReply('/模型 2。', /接下来使用 m2/)
    })

    for (const message of ['新对话怎么开', '请停止', '停止的英文是什么']) {
      it(`is a question as ${message}`, async () => {
        await start()
        await test.client('alice').receive(message)
        assert.deepEqual(questions(), [message])
      })
    }
  })

  describe('other bots', () => {
    const send = async (userId: string, isBot?: boolean) => {
      test.bot.dispatch(test.bot.session({
        type: 'message', user: { id: userId, isBot }, channel: { id: 'private', type: 1 },
        message: { id: `${userId}-${test.engine.requests.length}`, elements: [h.text('你好')] },
      }))
      for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve))
    }

    it('are not answered, unless a setting says so', async () => {
      for (const answerBots of [false, true]) {
        await start({ answerBots })
        const other = test.app.plugin(RecordingBot, {})
        test.app.bots.at(-1)!.selfId = '999'
        await send('robot', true)
        await send('999')
        assert.equal(questions().length, answerBots ? 2 : 0)
        await send('alice')
        assert.equal(questions().length, answerBots ? 3 : 1)
        other.dispose()
        if (!answerBots) await test.close()
      }
    })

    it('that are not marked are stopped by how fast they are, with one sentence', async () => {
      await start({ pingPong: 5 })
      const client = test.client('robot', 'group')
      for (let turn = 0; turn < 20; turn++) await client.receive('<at id="514"/> 好的', turn < 6 || turn === 6 ? 1 : 0)
      assert.equal(questions().length, 6)
      assert.match(test.bot.read('group').at(-1)!, /先停一分钟/)
      assert.equal(test.warnings.length, 1)
      assert.ok(!test.warnings[0].includes('好的'))
      await test.client('alice', 'group').receive('<at id="514"/> 你好')
      assert.equal(questions().length, 7)
    })
  })

  describe('the mention of who asked', () => {
    for (const bot of [RecordingBot, EditingBot]) {
      it(`stands before an answer in a group, once (${bot.name})`, async () => {
        await start({ mentionAsker: true }, { bot })
        await test.client('alice', 'group').receive('<at id="514"/> 你好')
        const [message] = test.bot.sent.filter(({ channelId }) => channelId === 'group')
        for (const state of message.states) assert.deepEqual([state[0].type, state[0].attrs.id], ['at', 'alice'])
        assert.equal(message.states.at(-1)!.filter(({ type }) => type === 'at').length, 1)
        await test.client('alice').receive('你好')
        assert.ok(test.bot.sent.at(-1)!.states.flat().every(({ type }) => type !== 'at'))
      })
    }

    it('is left out where it is not wanted, or an answer is raw Markdown', async () => {
      for (const [config, options] of [[{}, {}], [{ mentionAsker: true }, { markdown: true }]] as const) {
        await start(config, options)
        await test.client('alice', 'group').receive('<at id="514"/> 你好')
        assert.ok(test.bot.sent.at(-1)!.states.flat().every(({ type }) => type !== 'at'))
        if (!('mentionAsker' in config)) await test.close()
      }
    })
  })

  it('a quoted forward is not lost', async () => {
    await start()
    test.bot.dispatch(test.bot.session({
      type: 'message', user: { id: 'alice' }, channel: { id: 'private', type: 1 },
      message: { id: '1', elements: [h.text('总结一下')], quote: { id: 'q', elements: [h('forward', { id: '7' })], user: { id: 'bob' } } },
    }))
    for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(questions(), ['bob wrote:\n> [forwarded messages]\n\n总结一下'])
  })
})

describe('textOf', () => {
  it('elements leave a trace', () => {
    const cases: [string, string][] = [
      ['<forward id="1"/>', '[forwarded messages]'],
      ['<message forward><message><author name="张三"/>预算是多少</message><message><author id="9"/>五万</message></message>',
        '\n[forwarded messages]\n张三: 预算是多少\n9: 五万\n'],
      ['<forward><node nickname="李四">好</node><node>嗯</node></forward>', '\n[forwarded messages]\n李四: 好\n嗯\n'],
      ['<message forward><message><author name="a"/><img src="x"/></message></message>', '\n[forwarded messages]\na: [image]\n'],
      ['<face id="1" name="微笑"/>', '[face] 微笑'],
      ['<location/>', '[location]'],
      ['<share title="公告" url="https://x.y"/>', '[share] 公告'],
      ['<mystery>里面的字</mystery>', '里面的字'],
      ['<b></b><p></p>', '\n\n'],
    ]
    for (const [source, text] of cases) assert.equal(textOf(h.parse(source)), text, source)
  })
})

describe('PingPongBrake', () => {
  it('counts only messages that follow an answer at once, and rests for a minute', async () => {
    const clock = new FakeClock()
    const brake = new PingPongBrake(clock, 2)
    const turn = async (pauseMs: number) => {
      await clock.advance(pauseMs)
      const verdict = brake.receive('a')
      brake.answered('a')
      return verdict
    }
    assert.deepEqual([await turn(0), await turn(100), await turn(100), await turn(2000), await turn(100)], Array(5).fill('answer'))
    assert.deepEqual([await turn(100), await turn(100), await turn(100), await turn(59_000)], ['answer', 'stop', 'silent', 'silent'])
    assert.equal(brake.receive('b'), 'answer')
    assert.equal(await turn(60_000), 'answer')
  })

  it('does not count messages that come while an answer is written', () => {
    const brake = new PingPongBrake(new FakeClock(), 1)
    for (let count = 0; count < 50; count++) assert.equal(brake.receive('a'), 'answer')
  })
})
