import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { install } from '@sinonjs/fake-timers'
import memory from '@koishijs/plugin-database-memory'
import { createGemini, scenarios } from 'testkit'
import type { Gemini, Scenario } from 'testkit'
import type { Content } from '../../src/engine/types'
import { createApp, EditingBot, RecordingBot } from '../support/app'
import type { AppOptions, TestApp } from '../support/app'

const interrupted = /\n\n（回答在这里中断了/

describe('answers in every shape, from the API to the reader', () => {
  let gemini: Gemini
  let test: TestApp

  async function start(config: object = {}, options: Partial<AppOptions> = {}) {
    const settings = { apiKeys: ['key-1'], baseUrl: gemini.url, ...config }
    test = await createApp({ real: true, bot: EditingBot, ...options, config: settings })
  }

  beforeEach(async () => {
    gemini = await createGemini()
  })

  afterEach(async () => {
    test.unload()
    await test.close()
    await gemini.close()
  })

  async function say(text: string, ...responders: Scenario[]) {
    if (responders.length) gemini.respond(...responders)
    const before = test.bot.read('private:alice').length
    await test.client('alice').receive(text)
    return test.bot.read('private:alice').slice(before)
  }

  const contentsOf = (index: number): Content[] => gemini.requests.at(index)!.body.contents

  describe('its end', () => {
    it('is that of the stream, not the first finish reason', async () => {
      await start()
      assert.deepEqual(await say('hi', scenarios.endedEach('STOP', '甲', 2200, '乙')), ['甲乙'])
      assert.deepEqual(test.warnings, [])
    })

    for (const detail of ['OTHER', 'MALFORMED_FUNCTION_CALL', 'SOMETHING_NEW']) {
      it(`is missing after ${detail}, for the reader, the log and the model`, async () => {
        await start()
        const [answer] = await say('hi', scenarios.endedBy(detail, '一半'), scenarios.text('ok'))
        assert.match(answer, interrupted)
        assert.match(test.warnings[0], new RegExp(`^incomplete: .*${detail}`))
        await say('go on')
        assert.deepEqual(contentsOf(-1)[1].parts, [{ text: '一半' }, { text: '[interrupted]' }])
      })
    }

    it('without a reason is one, and logged once', async () => {
      await start()
      assert.deepEqual(await say('one', scenarios.unended('全部')), ['全部'])
      assert.deepEqual(await say('two'), ['全部'])
      assert.equal(contentsOf(-1)[1].parts.length, 1)
      assert.equal(test.warnings.length, 1)
      assert.match(test.warnings[0], /without a finish reason/)
    })

    it('is a break if the connection breaks after a reason', async () => {
      await start()
      assert.match((await say('hi', { ...scenarios.endedEach('STOP', '甲', '乙'), end: 'drop' }))[0], /^甲乙\n\n（回答在这里中断了/)
    })
  })

  describe('a summary', () => {
    for (const [name, scenario] of Object.entries({
      'cut off at its token limit': scenarios.maxTokens('摘要的一'),
      'that the model broke off': scenarios.endedBy('OTHER', '摘要的一'),
      'without a reason': scenarios.unended('摘要的一'),
      'of a connection that broke': scenarios.dropped('摘要的一'),
    })) {
      it(`${name} replaces nothing`, async () => {
        await start({ historyTokens: 700, requestRetries: 0 })
        const isSummary = (body: { contents: object[] }) => JSON.stringify(body.contents.at(-1)).includes('Summarise the conversation')
        gemini.respond(({ body }) => isSummary(body) ? scenario : scenarios.uncounted('长'.repeat(400)))
        const client = test.client('alice')
        for (const word of ['one', 'two', 'three', 'four']) await client.receive(word)
        assert.ok(gemini.requests.some(({ body }) => isSummary(body)))
        assert.ok(gemini.requests.every(({ body }) => !JSON.stringify(body).includes('摘要的一')))
      })
    }
  })

  describe('a reason', () => {
    const cases: [string, Scenario, RegExp, RegExp][] = [
      ['no prepaid money', scenarios.depleted(), /没有余额/, /^billing \(429\): .*top up/],
      ['a quota of zero', scenarios.zeroQuota(), /没有余额或没有这个模型的额度/, /^billing \(429\)/],
      ['a relay out of balance', scenarios.insufficientUserQuota(), /没有余额/, /^billing \(403\)/],
      ['payment required', { status: 402, body: '' }, /没有余额/, /^billing \(402\)/],
      ['a page of a relay', scenarios.page('403 Forbidden', 403), /不是 Gemini 的回答/, /^protocol \(403\)/],
      ['a page of Google', scenarios.page('Error 403 (Forbidden)!!1', 403), /不向服务器所在的地区/, /^region \(403\)/],
      ['a page in place of an answer', scenarios.page('Log in'), /不是 Gemini 的回答/, /^protocol.*Log in/],
      ['a page as event stream', scenarios.page('Log in', 200, 'text/event-stream'), /不是 Gemini 的回答/, /^protocol/],
      ['a closed request', { status: 499, body: '' }, /服务器正忙/, /^server \(499\)/],
      ['a conflict', { status: 409, body: '' }, /服务器正忙/, /^server \(409\)/],
      ['a question that is too long', scenarios.tooLong(9000, 8192), /太长，模型放不下/, /^request \(400\)/],
      ['another refusal', scenarios.invalid('Invalid value'), /拒绝了这次请求/, /^request \(400\)/],
    ]

    for (const [name, scenario, sentence, line] of cases) {
      it(`is true for ${name}`, async () => {
        await start()
        const [reply, ...rest] = await say('hi', scenario)
        assert.match(reply, sentence)
        assert.doesNotMatch(reply, /新对话|分钟后|秒后|恢复（/)
        assert.deepEqual(rest, [])
        assert.match(test.warnings.at(-1)!, line)
      })
    }

    it('without money is not tried again with the same key, but with another account', async () => {
      await start({ requestRetries: 5, fallbackModels: ['m2'] })
      await say('one', scenarios.depleted())
      assert.equal(gemini.requests.length, 1)
      test.unload()
      await test.close()
      await start({ requestRetries: 5, apiKeys: ['poor', 'rich'] })
      gemini.respond(({ key }) => key === 'poor' ? scenarios.depleted() : scenarios.text('ok'))
      assert.deepEqual([await say('two'), await say('three')], [['ok'], ['ok']])
      assert.deepEqual(gemini.requests.slice(1).map(({ key }) => key), ['poor', 'rich', 'rich'])
    })

    it('of a quota of zero changes the model, at once from then on', async () => {
      await start({ fallbackModels: ['m2'] })
      gemini.respond(({ model }) => model === 'm2' ? scenarios.text('ok') : scenarios.zeroQuota(model))
      assert.match((await say('one'))[0], /^ok/)
      await say('two')
      assert.deepEqual(gemini.requests.map(({ model }) => model), ['gemini-3.8-flash', 'm2', 'm2'])
    })

    it('that passes is tried again', async () => {
      await start({ requestRetries: 2 })
      assert.deepEqual(await say('one', { status: 499, body: '' }, { status: 409, body: '' }, scenarios.text('ok')), ['ok'])
    })
  })

  it('a mute SOCKS proxy is the fault of the proxy, known within 10 s', async () => {
    const sockets: Socket[] = []
    const mute = createServer(socket => void sockets.push(socket.on('error', () => {}).resume()))
    await new Promise<void>(resolve => mute.listen(0, '127.0.0.1', resolve))
    await start({ requestRetries: 2, proxy: `socks5h://127.0.0.1:${(mute.address() as AddressInfo).port}` })
    const clock = install({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const replies = say('hi')
      while (!sockets.length) await new Promise(resolve => setImmediate(resolve))
      await clock.tickAsync(10_000)
      assert.match((await replies)[0], /代理连不上/)
      assert.equal(sockets.length, 1)
    } finally {
      clock.uninstall()
      sockets.forEach(socket => socket.destroy())
      await new Promise(resolve => mute.close(resolve))
    }
  })

  describe('a model that lacks a feature', () => {
    it('gets the instruction as a first turn, no tools and no pictures, and is not asked twice', async () => {
      await start({ instructions: '简短回答', search: true, model: 'gemma-3-27b-it', thinking: 'low' })
      gemini.respond(({ body }) => {
        if (body.systemInstruction) return scenarios.lacking('Developer instruction')
        if (body.tools) return scenarios.lacking('Search as tool')
        if (JSON.stringify(body.contents).includes('inlineData')) return scenarios.lacking('Image input modality')
        return scenarios.text('好')
      })
      const picture = `data:image/png;base64,${Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex').toString('base64')}`
      const [answer] = await say(`看 <img src="${picture}"/>`)
      assert.match(answer, /^好\n\n（gemma-3-27b-it 看不了图片和文件，没有看。）\n\n（gemma-3-27b-it 不能联网搜索/)
      assert.deepEqual(contentsOf(-1)[0], { role: 'user', parts: [{ text: '简短回答' }] })
      assert.equal(contentsOf(-1)[1].role, 'model')
      assert.equal(gemini.requests.length, 4)
      assert.deepEqual(await say('再来'), ['好'])
      assert.equal(gemini.requests.length, 5)
      assert.equal(test.warnings.length, 3)
    })

    it('gives way to the next one if fitting the request does not help', async () => {
      await start({ instructions: 'x', fallbackModels: ['m2'] })
      gemini.respond(({ model }) => model === 'm2' ? scenarios.text('ok') : scenarios.lacking('Developer instruction', model))
      assert.match((await say('one'))[0], /^ok/)
      assert.deepEqual(gemini.requests.map(({ model }) => model), ['gemini-3.8-flash', 'gemini-3.8-flash', 'm2'])
    })

    it('leaves out the oldest turns if a conversation is too long for it, and remembers its limit', async () => {
      await start()
      for (let index = 0; index < 4; index++) await say(`old-${index}`, scenarios.uncounted('x'.repeat(400)))
      const answers = ({ body }: { body: { contents: object[] } }) => {
        return JSON.stringify(body.contents).length > 1100 ? scenarios.tooLong(400, 300) : scenarios.text('ok')
      }
      gemini.respond(answers as never)
      const before = gemini.requests.length
      const [answer] = await say('new')
      assert.match(answer, /^ok\n\n（对话太长，这个模型放不下/)
      const sent = JSON.stringify(contentsOf(-1))
      assert.ok(sent.includes('old-3') && !sent.includes('old-0') && sent.includes('new'))
      assert.equal(contentsOf(-1)[0].role, 'user')
      assert.equal(gemini.requests.length, before + 2)
      await say('next')
      assert.equal(gemini.requests.length, before + 3)
    })
  })

  describe('pictures', () => {
    const image = (bot: RecordingBot) => bot.sent.flatMap(({ states }) => states.at(-1)!).filter(({ type }) => type === 'img')

    it('follow the text, and only a word about them is kept', async () => {
      await start()
      gemini.respond(scenarios.text('图：', scenarios.picture(300_000)), scenarios.text('ok'))
      await say('画一张')
      assert.equal(test.bot.read('private:alice')[0], '图：')
      assert.match(image(test.bot)[0].attrs.src, /^data:image\/png;base64,AQEB/)
      await say('再说')
      assert.deepEqual(contentsOf(-1)[1], { role: 'model', parts: [{ text: '图：[image]' }] })
    })

    it('may be the whole answer', async () => {
      await start({}, { bot: RecordingBot })
      await say('画一张', scenarios.text(scenarios.picture()))
      assert.equal(image(test.bot).length, 1)
      assert.equal(test.bot.sent.length, 1)
      assert.deepEqual(test.warnings, [])
    })

    it('that cannot be sent are told of', async () => {
      class Refusing extends RecordingBot {
        override async sendMessage(...args: Parameters<RecordingBot['sendMessage']>) {
          if (JSON.stringify(args[1]).includes('data:image')) throw new Error('no pictures')
          return super.sendMessage(...args)
        }
      }
      await start({}, { bot: Refusing })
      assert.match((await say('画', scenarios.text('图：', scenarios.picture()))).join('\n'), /^图：\n（回答里有图片，但没能发出来/)
    })

    it('of a drawing model need no setting: it is chosen like any other', async () => {
      await start({}, { prepare: app => void app.plugin(memory) })
      await test.app.mock.initUser('alice', 3)
      gemini.respondTo('models', { body: { models: ['gemini-3.8-flash', 'gemini-3.8-flash-image'].map(name => ({
        name: `models/${name}`, supportedGenerationMethods: ['generateContent'],
      })) } })
      await test.client('alice').receive('gemini.model gemini-3.8-flash-image')
      await say('画', scenarios.text(scenarios.picture()))
      assert.equal(gemini.requests.at(-1)!.model, 'gemini-3.8-flash-image')
      assert.equal(image(test.bot).length, 1)
    })
  })

  describe('thoughts', () => {
    it('are not sent back', async () => {
      await start()
      await say('one', scenarios.thinking('想了想', '答'))
      await say('two')
      assert.ok(!JSON.stringify(contentsOf(-1)).includes('想了想'))
      assert.deepEqual(contentsOf(-1)[1].parts, [{ text: '答' }])
    })

    for (const [name, steps] of Object.entries({
      'without an opening tag': ['先想', '一想</think>', '答案'],
      'with a torn closing tag': ['先想一想</th', 'ink>\n\n答案'],
      'with both tags': ['<think>先想', '一想</think>\n答案'],
      'with a torn opening tag': ['<th', 'ink>先想一想</think>答案'],
      'in other tags': ['<thinking>先想一想</thinking>答案'],
      'in one piece': ['先想一想\n</think>\n\n答案'],
    })) {
      for (const bot of [EditingBot, RecordingBot]) {
        it(`${name} never reach the reader as the answer (${bot.name})`, async () => {
          await start({}, { bot })
          assert.deepEqual(await say('hi', scenarios.text(...steps)), ['答案'])
          await say('next', scenarios.text('ok'))
          assert.ok(!JSON.stringify(contentsOf(-1)).includes('先想'))
        })
      }
    }

    for (const text of ['标签 `</think>` 表示思考结束', '用 <think> 开始，用 </think> 结束', '```\n</think>\n```', 'a < b </thin', '<thorough>']) {
      it(`are not ${JSON.stringify(text)}`, async () => {
        await start({}, { markdown: true })
        assert.deepEqual(await say('hi', scenarios.text(text.slice(0, 8), text.slice(8))), [text])
      })
    }
  })

  describe('token limits', () => {
    it('hold where a relay reports no usage', async () => {
      await start({ userTokens: 100 })
      await say('one', scenarios.uncounted('字'.repeat(150)))
      assert.match((await say('two'))[0], /今天的 100 个 token 已经用完/)
    })

    it('hold for what was stopped before the first report', async () => {
      await start({ userTokens: 100 })
      const { events } = scenarios.uncounted('字'.repeat(150))
      gemini.respond({ events, end: 'hang' })
      const first = test.client('alice').receive('one')
      while (!test.bot.sent.length) await new Promise(resolve => setTimeout(resolve, 5))
      await test.client('alice').receive('gemini.stop', 1)
      await first
      assert.match((await say('two'))[0], /今天的 100 个 token 已经用完/)
    })
  })

  describe('calls of functions', () => {
    const call = { functionCall: { name: 'get_weather', args: {} } }

    it('are named where they are the answer', async () => {
      await start()
      const [reply] = await say('hi', scenarios.text(call))
      assert.match(reply, /模型想调用 get_weather/)
      assert.match(test.warnings[0], /^empty: .*get_weather/)
    })

    it('are named below a text, and not sent back', async () => {
      await start()
      assert.match((await say('hi', scenarios.text('看看天气。', call)))[0], /^看看天气。\n\n（模型还想调用 get_weather/)
      await say('next', scenarios.text('ok'))
      assert.deepEqual(contentsOf(-1)[1].parts, [{ text: '看看天气。' }])
    })
  })
})
