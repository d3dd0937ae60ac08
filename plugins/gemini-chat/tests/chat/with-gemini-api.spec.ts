import assert from 'node:assert/strict'
import { createGemini, createSocks, scenarios } from 'testkit'
import type { Gemini, Proxy, Scenario } from 'testkit'
import { createApp, EditingBot, plain } from '../support/app'
import type { TestApp } from '../support/app'

const key = 'AIzaSyTestTestTestTestTestTestTestTest00'

describe('the plugin and the Gemini API', () => {
  let gemini: Gemini
  let test: TestApp

  async function start(config: object = {}) {
    test = await createApp({ real: true, bot: EditingBot, config: { apiKeys: [key], baseUrl: gemini.url, ...config } })
  }

  beforeEach(async () => {
    gemini = await createGemini()
  })

  afterEach(async () => {
    test.unload()
    await test.close()
    await gemini.close()
  })

  /** The next request, once text of its answer is visible. */
  async function shown() {
    while (!test.bot.sent.length) await new Promise(resolve => setTimeout(resolve, 5))
    return gemini.requests.at(-1)!
  }

  it('sends question, history, instruction and key, and delivers the whole answer', async () => {
    await start({ instructions: 'Be brief.' })
    await test.client('alice').receive('你好，世界')
    await test.client('alice').receive('再说一遍')
    const [first, second] = gemini.requests
    assert.equal(first.path, '/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse')
    assert.equal(first.key, key)
    assert.equal(first.body.systemInstruction.parts[0].text, 'Be brief.')
    assert.deepEqual(second.body.contents.map((content: { role: string }) => content.role), ['user', 'model', 'user'])
    const [answer] = test.bot.read('private:alice')
    assert.match(answer, /你好，世界/)
    assert.equal(second.body.contents[1].parts[0].text.trim(), answer)
    assert.deepEqual(test.warnings, [])
  })

  it('streams into one message', async () => {
    await start()
    gemini.respond({ ...scenarios.text('一', '二', '三', '四'), gap: 20, framing: { split: 1 } })
    await test.client('alice').receive('数数')
    const states = test.bot.sent[0].states.map(plain)
    assert.equal(states.at(-1), '一二三四')
    assert.ok(states.length > 2, states.join())
    assert.equal(test.bot.sent.length, 1)
  })

  it('ends the HTTP request on gemini.stop', async () => {
    await start()
    gemini.respond(scenarios.stalled('half'))
    const done = test.client('alice').receive('one')
    const request = await shown()
    await test.client('alice').receive('gemini.stop', 1)
    await done
    await request.closed
    assert.equal(request.aborted, true)
    assert.match(test.bot.read('private:alice')[0], /^half\n\n已停止。$/)
  })

  it('ends the HTTP request on gemini.stop before the first byte', async () => {
    await start()
    gemini.respond(scenarios.silent())
    const done = test.client('alice').receive('one')
    while (!gemini.requests.length) await new Promise(resolve => setTimeout(resolve, 5))
    await test.client('alice').receive('gemini.stop', 1)
    await done
    await gemini.requests[0].closed
    assert.equal(gemini.requests[0].aborted, true)
    assert.deepEqual(test.bot.read('private:alice'), ['已停止。', '已停止。'])
  })

  it('closes every connection when the plugin is unloaded', async () => {
    await start()
    gemini.respond(scenarios.stalled('half'))
    const done = test.client('alice').receive('one')
    const request = await shown()
    test.unload()
    await done
    await request.closed
    while (gemini.connections()) await new Promise(resolve => setTimeout(resolve, 5))
  })

  it('retries an overloaded model', async () => {
    await start({ requestRetries: 1 })
    gemini.respond(scenarios.overloaded(), scenarios.text('ok'))
    await test.client('alice').receive('one')
    assert.deepEqual(test.bot.read('private:alice'), ['ok'])
    assert.equal(gemini.requests.length, 2)
  })

  it('changes to a second key and to another model', async () => {
    await gemini.close()
    gemini = await createGemini({ keys: ['good'], models: ['gemini-3.6-flash'] })
    await start({ apiKeys: ['bad', 'good'], fallbackModels: ['gemini-3.6-flash'] })
    await test.client('alice').receive('one')
    assert.match(test.bot.read('private:alice')[0], /one/)
    assert.deepEqual(gemini.requests.map(request => `${request.key} ${request.model}`), [
      'bad gemini-3.8-flash', 'good gemini-3.8-flash', 'good gemini-3.6-flash',
    ])
    assert.equal(test.warnings.length, 2)
    assert.match(test.warnings[1], /model gemini-3\.8-flash is not available, using gemini-3\.6-flash/)
  })

  const failures: [string, Scenario, RegExp, RegExp][] = [
    ['a bad key', scenarios.badKey(), /没有接受我的 API 密钥/, /^auth \(400\)/],
    ['a region without service', scenarios.wrapped(scenarios.region()), /请联系管理员设置代理/, /^region \(400\)/],
    ['a rate limit', scenarios.rateLimited(30), /请 30 秒后再试/, /^rate \(429\)/],
    ['a used-up quota', scenarios.dailyQuota(), /使用额度已经用完，.* 恢复/, /^quota-day \(429\)/],
    ['an overload', scenarios.overloaded(), /服务器正忙/, /^server \(503\)/],
    ['a blocked prompt', scenarios.blocked(), /安全策略/, /^blocked: .*PROHIBITED_CONTENT/],
    ['an empty answer', scenarios.empty(), /什么也没说/, /^empty: .*STOP/],
    ['an unknown model', scenarios.unknownModel('x'), /不存在或已经下线/, /^model \(404\)/],
  ]

  for (const [name, scenario, sentence, line] of failures) {
    it(`reports ${name} with one sentence in chat and one line in the log`, async () => {
      await start({ requestRetries: 0, fallbackModels: [] })
      gemini.respond(scenario)
      await test.client('alice').receive('one')
      const replies = test.bot.read('private:alice')
      assert.equal(replies.length, 1)
      assert.match(replies[0], sentence)
      assert.equal(test.warnings.length, 1)
      assert.match(test.warnings[0], line)
      assert.ok(![...replies, ...test.warnings].some(text => text.includes(key) || text.includes(gemini.url)))
    })
  }

  it('reports a model that does not respond', async () => {
    await start({ requestRetries: 0, firstByteTimeout: 50 })
    gemini.respond(scenarios.silent())
    await test.client('alice').receive('one')
    assert.match(test.bot.read('private:alice')[0], /太久没有回应/)
    assert.deepEqual(test.warnings.map(line => line.split(':')[0]), ['timeout'])
  })

  it('reports a connection that breaks within the answer', async () => {
    await start()
    gemini.respond(scenarios.dropped('half'))
    await test.client('alice').receive('one')
    assert.match(test.bot.read('private:alice')[0], /^half\n\n（回答在这里中断了/)
    assert.deepEqual(test.warnings.map(line => line.split(':')[0]), ['network'])
    assert.equal(gemini.requests.length, 1)
  })

  describe('behind a proxy', () => {
    let proxy: Proxy

    beforeEach(async () => {
      proxy = await createSocks({ username: 'user', password: 'secret' })
    })

    afterEach(() => proxy.close())

    it('sends all requests through it', async () => {
      await start({ proxy: proxy.url })
      await test.client('alice').receive('one')
      assert.match(test.bot.read('private:alice')[0], /one/)
      assert.equal(proxy.connections.length, 1)
    })

    it('sends nothing around a proxy that is down or refuses', async () => {
      await start({ proxy: proxy.url.replace('secret', 'wrong'), requestRetries: 0 })
      await test.client('alice').receive('one')
      assert.deepEqual(test.bot.read('private:alice').map(text => /代理连不上/.test(text)), [true])
      assert.equal(test.warnings.length, 1)
      assert.match(test.warnings[0], /^proxy: /)
      assert.doesNotMatch(test.warnings[0], /wrong|user:/)
      assert.equal(gemini.requests.length, 0)
    })

    it('sends nothing around a proxy with a malformed address', async () => {
      await start({ proxy: `nonsense://user:secret@host` })
      await test.client('alice').receive('one')
      assert.match(test.bot.read('private:alice')[0], /代理连不上/)
      assert.equal(test.warnings.length, 2)
      assert.doesNotMatch(test.warnings.join(), /secret/)
      assert.equal(gemini.requests.length, 0)
    })
  })
})
