import assert from 'node:assert/strict'
import { createGemini, createOpenAi, openAiScenarios, scenarios } from 'testkit'
import type { Gemini, OpenAiServer } from 'testkit'
import type { Config } from '../../src/config'
import { examineSettings } from '../../src/doctor'
import { createApp, plain } from '../support/app'
import type { TestApp } from '../support/app'

describe('several providers', () => {
  let gemini: Gemini
  let openai: OpenAiServer
  let deepseek: OpenAiServer
  let test: TestApp | undefined

  beforeEach(async () => {
    [gemini, openai, deepseek] = await Promise.all([createGemini(), createOpenAi(), createOpenAi({ keys: ['ds-key-0123456789'] })])
  })

  afterEach(async () => {
    await test?.close()
    test = undefined
    await Promise.all([gemini, openai, deepseek].map(server => server.close()))
  })

  async function start(config: Partial<Config>) {
    test = await createApp({ real: true, config: { baseUrl: gemini.url, ...config } })
  }

  async function say(text: string) {
    const replies = test!.bot.sent.length
    await test!.client('alice').receive(text)
    return test!.bot.sent.slice(replies).map(({ states }) => plain(states.at(-1)!)).join('\n')
  }

  const provider = (apiKeys = ['ds-key-0123456789']) => ({
    name: 'deepseek', type: 'openai' as const, baseUrl: deepseek.url, apiKeys, models: ['deepseek-chat'], proxy: '',
  })

  it('answer through OpenAI where only that is set, without a key if it needs none', async () => {
    await start({ apiKeys: [], fallbackModels: ['gemini-3.6-flash'], openaiBaseUrl: openai.url, openaiModel: 'qwen3' })
    assert.equal(await say('hi'), '你问的是：hi。')
    assert.deepEqual([openai.requests[0].body.model, openai.requests[0].headers.authorization], ['qwen3', undefined])
    assert.equal(gemini.requests.length, 0)
  })

  it('have models by their names, which may have slashes of their own', async () => {
    const config = { model: 'deepseek/org/m', fallbackModels: ['gemini/gemini-3.6-flash'], providers: [provider()] }
    await start(config)
    assert.equal(await say('hi'), '你问的是：hi。')
    assert.equal(deepseek.requests[0].body.model, 'org/m')
    assert.match(await say('gemini.model'), /deepseek\/org\/m[^]*gemini-3\.6-flash[^]*deepseek\/deepseek-chat/)
    await say('gemini.model deepseek/deepseek-chat')
    await say('more')
    assert.equal(deepseek.requests.at(-1)!.body.model, 'deepseek-chat')
  })

  const failures: [string, () => void, string?][] = [
    ['is overloaded', () => gemini.respond(scenarios.overloaded())],
    ['refuses its key', () => gemini.respond(scenarios.badKey())],
    ['has no quota left', () => gemini.respond(scenarios.depleted())],
    ['is a page', () => gemini.respond(scenarios.page('Login'))],
    ['cannot be reached', () => {}, 'http://127.0.0.1:1'],
  ]
  for (const [what, fail, baseUrl] of failures) {
    it(`take over for one another when the first ${what}, with the whole conversation`, async () => {
      await start({ model: 'm1', fallbackModels: ['deepseek/d'], providers: [provider()], ...baseUrl && { baseUrl } })
      gemini.respond(scenarios.signed('c2ln', 'first'))
      if (!baseUrl) await say('one')
      fail()
      assert.match(await say('two'), /你问的是：two。/)
      assert.deepEqual(deepseek.requests.at(-1)!.body.messages.map(({ content }: { content: string }) => content),
        baseUrl ? ['two'] : ['one', 'first', 'two'])
    })
  }

  it('keep apart whose keys are refused, and what their models take', async () => {
    await start({ model: 'deepseek/d', fallbackModels: ['m1'], providers: [provider(['wrong-key-012345'])] })
    assert.match(await say('one'), /你问的是：one。/)
    assert.match(await say('two'), /你问的是：two。/)
    assert.deepEqual([deepseek.requests.length, gemini.requests.length], [1, 2])
    assert.ok(gemini.requests.every(({ key }) => key === 'key-1'))
  })

  it('go on in one another\'s conversations with thoughts of either', async () => {
    await start({ model: 'm1', fallbackModels: ['deepseek/d'], providers: [provider()] })
    deepseek.respond(openAiScenarios.text({ reasoning_content: 'hm' }, 'second'))
    gemini.respond(scenarios.thinking('hm', 'first'), scenarios.overloaded(), scenarios.text('third'))
    await say('one')
    assert.match(await say('two'), /second/)
    assert.match(await say('three'), /third/)
    const { contents } = gemini.requests.at(-1)!.body as { contents: { parts: { text: string }[] }[] }
    assert.deepEqual(contents.map(({ parts }) => parts[0].text), ['one', 'first', 'two', 'second', 'three'])
  })

  it('are all examined by the doctor', async () => {
    const findings: string[] = []
    for await (const { state, text } of examineSettings({
      apiKeys: ['key-1'], baseUrl: gemini.url, providers: [provider(['wrong-key-012345'])],
    })) findings.push(`${state} ${text[0]} ${JSON.stringify(text[1] ?? {})}`)
    const all = findings.join('\n')
    assert.match(all, new RegExp(`ok doctor\\.path-direct .*127\\.0\\.0\\.1:${gemini.port}`))
    assert.match(all, new RegExp(`ok doctor\\.path-direct .*127\\.0\\.0\\.1:${deepseek.port}`))
    assert.match(all, /problem doctor\.key-failed .*Incorrect API key/)
    assert.match(all, /ok doctor\.answer .*gemini-3\.8-flash/)
  })

  it('say which one has wrong settings, and answer with the others', async () => {
    await start({ model: 'bad/x', fallbackModels: ['m1'], providers: [{ ...provider(), name: 'bad', baseUrl: 'nonsense' }] })
    assert.match(await say('hi'), /你问的是：hi。/)
    assert.match(test!.warnings[0], /^provider bad: protocol: .*base URL/)
  })
})
