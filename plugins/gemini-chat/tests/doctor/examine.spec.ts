import assert from 'node:assert/strict'
import { SystemClock } from 'common/time'
import { createGemini, createHttpProxy, createOpenAi, createSocks, openAiScenarios, scenarios } from 'testkit'
import type { Gemini, GeminiOptions, Proxy } from 'testkit'
import type { Config } from '../../src/config'
import { examineSettings } from '../../src/doctor'
import { examine } from '../../src/doctor/examine'
import type { ExamineOptions } from '../../src/doctor/examine'
import { formatFinding } from '../../src/doctor/finding'
import { createGeminiEngine } from '../../src/engine/gemini'
import { parseKeys, KeyPool } from '../../src/model/key-pool'
import type { KeySetting } from '../../src/model/key-pool'
import enUS from '../../src/locales/en-US.yml'
import zhCN from '../../src/locales/zh-CN.yml'
import { ModelList } from '../../src/model/model-list'
import type { Message } from '../../src/messages/i18n'
import { unavailableEngine } from '../../src/engine/unavailable'

const key = 'AIzaSyTestTestTestTestTestTestTest9876'

interface Options {
  apiKeys?: KeySetting[]
  models?: string[]
  proxy?: string
  baseUrl?: string
  ca?: string
  timeoutMs?: number
}

describe('examine', () => {
  const open: (() => unknown)[] = []

  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close()
  })

  async function serve(options: GeminiOptions = {}): Promise<Gemini> {
    const gemini = await createGemini(options)
    open.push(() => gemini.close())
    return gemini
  }

  function use(proxy: Proxy) {
    open.push(() => proxy.close())
    return proxy
  }

  /** All findings, and their texts in both languages. */
  async function ask({ apiKeys = [key], models = ['gemini-3.8-flash'], ...options }: Options) {
    const config = { baseUrl: options.baseUrl ?? '', proxy: options.proxy }
    const limits = { firstByteTimeout: 0, idleTimeout: 0, totalTimeout: 0 }
    const clock = Object.assign(new SystemClock(), { sleep: async () => {} })
    const engine = (() => {
      try {
        return createGeminiEngine({ ...config, ...limits, ca: options.ca })
      } catch (error) {
        return unavailableEngine(error)
      }
    })()
    open.push(() => engine.dispose())
    const keyPool = new KeyPool(parseKeys({ apiKeys }), clock, engine.quotaCalendar)
    const patient: ExamineOptions = {
      config, engine, keyPool, clock, ca: options.ca, timeoutMs: options.timeoutMs ?? 5000,
      models: new ModelList(models, { warn() {} }), signal: new AbortController().signal,
    }
    const paths: string[] = []
    let text = ''
    for await (const finding of examine(patient)) {
      const { state, text: [path], hint: [hint] = [] } = finding
      paths.push([state, path, ...hint ? [hint] : []].join(' ').replaceAll('doctor.', ''))
      for (const texts of [zhCN, enUS]) text += `${formatFinding(finding, message => say(texts, message))}\n`
    }
    assert.doesNotMatch(text, /undefined|\{\w+\}/)
    assert.ok(!text.includes(key) && !text.includes('pass-word'))
    return { paths, text }
  }

  function say(texts: object, [path, params]: Message) {
    const text = path.split('.').reduce<unknown>((tree, name) => (tree as never)[name], (texts as never)['gemini-chat'])
    assert.equal(typeof text, 'string', path)
    return String(text).replace(/\{(\w+)\}/g, (_, name) => String((params as Record<string, unknown>)?.[name]))
  }

  it('finds no problem', async () => {
    const gemini = await serve()
    const { paths, text } = await ask({ baseUrl: gemini.url, apiKeys: [{ key, bucket: 'project' }] })
    assert.deepEqual(paths, ['ok path-direct', 'ok plain', 'ok key', 'ok model', 'ok answer'])
    assert.match(text, /Key 1 …9876 \(bucket project\): works/)
    assert.match(text, /输入最多 1048576 token/)
  })

  it('finds no problem through a proxy and TLS', async () => {
    const gemini = await serve({ tls: true, host: 'gemini.invalid' })
    const hosts = { 'gemini.invalid': '127.0.0.1' }
    const proxy = use(await createSocks({ username: 'me', password: 'pass-word', hosts }))
    const { paths, text } = await ask({ baseUrl: gemini.url, proxy: proxy.url, ca: gemini.ca })
    assert.deepEqual(paths, ['ok path-proxy', 'ok proxy-stands', 'ok tls', 'ok key', 'ok model', 'ok answer'])
    assert.match(text, /through the proxy socks5h:\/\/127\.0\.0\.1:\d+ to gemini\.invalid/)
  })

  describe('finds a problem', () => {
    it('with a malformed address or proxy', async () => {
      assert.deepEqual((await ask({ baseUrl: 'ftp://x' })).paths, ['problem address hints.protocol'])
      const gemini = await serve()
      const { paths } = await ask({ baseUrl: gemini.url, proxy: 'nonsense://me:pass-word@x' })
      assert.deepEqual(paths, ['problem proxy hints.proxy'])
      assert.equal(gemini.requests.length, 0)
    })

    it('with a proxy that refuses or is down, without going around it', async () => {
      const gemini = await serve()
      const socks = use(await createSocks({ username: 'me', password: 'other' }))
      const http = use(await createHttpProxy({ username: 'me', password: 'other' }))
      for (const url of [socks.url, http.url, 'socks5h://127.0.0.1:1']) {
        const { paths } = await ask({ baseUrl: gemini.url, proxy: url.replace('other', 'pass-word') })
        assert.deepEqual(paths, ['ok path-proxy', 'problem proxy hints.proxy'], url)
      }
      assert.equal(gemini.requests.length, 0)
    })

    it('with a certificate', async () => {
      const gemini = await serve({ tls: true })
      const { paths } = await ask({ baseUrl: gemini.url })
      assert.deepEqual(paths, ['ok path-direct', 'problem certificate hints.certificate'])
    })

    it('with the network', async () => {
      const { paths } = await ask({ baseUrl: 'http://127.0.0.1:1' })
      assert.deepEqual(paths, ['ok path-direct', 'problem unreachable hints.network'])
    })

    it('with the region', async () => {
      const gemini = await serve()
      gemini.respondTo('models', scenarios.region())
      const { paths } = await ask({ baseUrl: gemini.url, apiKeys: [key, 'another-key'] })
      assert.deepEqual(paths.slice(2), ['problem region hints.region'])
      gemini.respondTo('models')
      gemini.respond(scenarios.wrapped(scenarios.region()))
      assert.equal((await ask({ baseUrl: gemini.url })).paths.at(-1), 'problem region hints.region')
    })

    it('with the keys, one by one', async () => {
      const gemini = await serve({ keys: [key] })
      const { paths, text } = await ask({ baseUrl: gemini.url, apiKeys: ['wrong-key-that-is-long', key] })
      assert.deepEqual(paths.slice(2), ['problem key-failed hints.auth', 'ok key', 'ok model', 'ok answer'])
      assert.doesNotMatch(text, /wrong-key/)
      assert.deepEqual((await ask({ baseUrl: gemini.url, apiKeys: [] })).paths.slice(2), ['problem no-key hints.no-key'])
      assert.deepEqual((await ask({ baseUrl: gemini.url, apiKeys: ['x'] })).paths.slice(2), ['problem key-failed hints.auth'])
    })

    it('with the models', async () => {
      const gemini = await serve({ models: ['gemini-3.6-flash'] })
      const { paths } = await ask({ baseUrl: gemini.url, models: ['gemini-3.8-flash', 'gemini-3.6-flash'] })
      assert.deepEqual(paths.slice(2), ['ok key', 'problem model-gone hints.model', 'ok model', 'ok answer'])
    })

    it('with the answer', async () => {
      const gemini = await serve()
      for (const [scenario, hint] of [
        [scenarios.dailyQuota(), 'quota-day'], [scenarios.overloaded(), 'server'], [scenarios.empty(), 'empty'],
      ] as const) {
        gemini.respond(scenario)
        assert.equal((await ask({ baseUrl: gemini.url })).paths.at(-1), `problem answer-failed hints.${hint}`)
      }
    })

    it('with a server that does not respond', async () => {
      const gemini = await serve()
      gemini.respond(scenarios.silent())
      assert.equal((await ask({ baseUrl: gemini.url, timeoutMs: 200 })).paths.at(-1), 'problem answer-failed hints.timeout')
    })
  })

  it('accepts relays without a list of models', async () => {
    const gemini = await serve()
    gemini.respondTo('models', { status: 404, body: scenarios.unknownModel('x').body })
    const { paths } = await ask({ baseUrl: gemini.url })
    assert.deepEqual(paths.slice(2), ['note key-unknown', 'note model-unknown', 'ok answer'])
  })

  describe('gives the advice for the provider that has the problem', () => {
    async function askProvider(settings: Partial<Config>) {
      const hints: string[] = []
      let text = ''
      for await (const finding of examineSettings({ apiKeys: [], openaiModel: 'model', ...settings } as Config)) {
        if (finding.hint) hints.push(finding.hint[0].replace('doctor.hints.', ''))
        for (const texts of [zhCN, enUS]) text += `${formatFinding(finding, message => say(texts, message))}\n`
      }
      assert.doesNotMatch(text, /Google|undefined|\{\w+\}/)
      return { hints, text }
    }

    it('for its key, its answers and its servers', async () => {
      const service = await createOpenAi({ keys: ['right'] })
      open.push(() => service.close())
      const settings = { openaiBaseUrl: service.url, openaiApiKeys: ['right'] }
      assert.deepEqual((await askProvider({ ...settings, openaiApiKeys: ['wrong'] })).hints, ['auth-other'])
      service.respond(openAiScenarios.failure(503, 'overloaded'))
      const { hints, text } = await askProvider(settings)
      assert.deepEqual(hints, ['server-other'])
      assert.match(text, /The servers of openai are busy/)
      service.respond({ body: 'welcome' as never })
      assert.deepEqual((await askProvider(settings)).hints, ['protocol-other'])
    })

    it('for its address, its network and its proxy', async () => {
      assert.deepEqual((await askProvider({ openaiBaseUrl: 'ftp://x' })).hints, ['protocol-other'])
      assert.deepEqual((await askProvider({ openaiBaseUrl: 'http://127.0.0.1:1/v1' })).hints, ['network-other'])
      const closed = { openaiBaseUrl: 'http://127.0.0.1:1/v1', openaiProxy: 'http://127.0.0.1:1' }
      assert.deepEqual((await askProvider(closed)).hints, ['proxy'])
    })
  })
})
