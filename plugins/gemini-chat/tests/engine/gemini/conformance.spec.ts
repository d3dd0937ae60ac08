import assert from 'node:assert'
import { until } from 'common/testing'
import { createGemini, scenarios } from 'testkit'
import type { Framing, Gemini, Scenario } from 'testkit'
import type { EngineErrorDetails, EngineErrorKind } from '../../../src/engine/error'
import { createGeminiEngine } from '../../../src/engine/gemini'
import type { GeminiOptions } from '../../../src/engine/gemini'
import type { Engine, Part } from '../../../src/engine/types'
import { engineOptions, ask, collect, limits } from '../../support/gemini-engine'

/** The expected outcome of a scenario. Missing fields are not checked. */
interface Expected {
  text?: string
  thoughts?: string
  parts?: Part[]
  reason?: string
  error?: EngineErrorDetails & { kind: EngineErrorKind }
}

const poem = ['床前明月光，', '疑是地上霜。🌕', '举头望明月，', '低头思故乡。']
const source = { title: 'Koishi', uri: 'https://koishi.chat' }
const whole = { text: poem.join(''), reason: 'stop' }

const answers: [string, Scenario, Expected][] = [
  ['a plain answer', scenarios.text(...poem), whole],
  ['thoughts before the answer', scenarios.thinking('想', ...poem), { ...whole, thoughts: '想' }],
  ['several parts in one chunk', scenarios.text(['一', '二'], '三'), {
    text: '一二三', parts: [{ text: '一' }, { text: '二' }, { text: '三' }],
  }],
  ['a signature at the end', scenarios.signed('c2ln', '一'), {
    text: '一', parts: [{ text: '一' }, { text: '', native: { engine: 'gemini', fields: { thoughtSignature: 'c2ln' } } }],
  }],
  ['sources', scenarios.grounded([source], ['koishi'], ...poem), whole],
  ['an event of a megabyte', scenarios.huge(1 << 20), { text: 'x'.repeat(1 << 20), reason: 'stop' }],
  ['an answer that was cut off', scenarios.maxTokens('一半'), { text: '一半', reason: 'length' }],
]

const failures: [string, Scenario, Expected][] = [
  ['a wrong key', scenarios.badKey(), { error: { kind: 'auth', status: 400, detail: 'API_KEY_INVALID' } }],
  ['no key', scenarios.noKey(), { error: { kind: 'auth', status: 403 } }],
  ['a place Google does not serve', scenarios.region(), { error: { kind: 'region', status: 400 } }],
  ['a model that is gone', scenarios.unknownModel('gemini-1'), { error: { kind: 'model', status: 404 } }],
  ['a request it does not like', scenarios.invalid('Unknown name "x"'), { error: { kind: 'request', status: 400 } }],
  ['too many requests', scenarios.rateLimited(9), { error: { kind: 'rate', status: 429, retryAfter: 9000 } }],
  ['a quota used up', scenarios.dailyQuota(), {
    error: { kind: 'quota-day', status: 429, quota: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier' },
  }],
  ['an overload', scenarios.overloaded(), { error: { kind: 'server', status: 503 } }],
  ['a fault', scenarios.internal(), { error: { kind: 'server', status: 500 } }],
  ['a prompt that was blocked', scenarios.blocked('SAFETY'), { error: { kind: 'blocked', reason: 'prompt', detail: 'SAFETY' } }],
  ['a filter after some text', scenarios.safety('一', '二'), {
    text: '一二', error: { kind: 'blocked', reason: 'answer', detail: 'SAFETY' },
  }],
  ['STOP without a word', scenarios.empty(), { error: { kind: 'empty', detail: 'STOP' } }],
  ['a budget thought away', scenarios.maxTokens(), { error: { kind: 'empty', reason: 'length', detail: 'MAX_TOKENS' } }],
  ['an overload after some text', scenarios.overloadedMidway('一', '二'), {
    text: '一二', error: { kind: 'server', status: 503 },
  }],
  ['a connection that broke at once', scenarios.dropped(), { error: { kind: 'network' } }],
  ['a connection that broke after some text', scenarios.dropped('一', '二'), { text: '一二', error: { kind: 'network' } }],
  ['a page', { headers: { 'content-type': 'text/html' }, body: '<title>Hi</title>' }, { error: { kind: 'protocol' } }],
  ['a gateway', { status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad</h1>' }, {
    error: { kind: 'server' },
  }],
  ['a redirect', { status: 302, headers: { location: '/' }, body: '' }, { error: { kind: 'protocol', status: 302 } }],
  ['an error with 200', { body: { error: { code: 503, message: 'busy' } } }, {
    error: { kind: 'server', status: 503 },
  }],
]

const framings: [string, Framing][] = [
  ['torn into single bytes', { split: 1 }],
  ['with line feeds only', { newline: '\n' }],
  ['with comments', { comment: 'keepalive' }],
  ['with event names', { event: 'message' }],
  ['without spaces', { space: false }],
  ['with data of several lines', { multiline: true }],
  ['with [DONE] at the end', { done: true }],
  ['without the last blank line', { terminated: false }],
]

/**
 * What the rest of the plugin expects of any engine.
 * @param create creates an engine that sends requests to `baseUrl`
 */
function conform(name: string, create: (options: GeminiOptions) => Engine) {
  describe(`${name} conforms`, () => {
    let gemini: Gemini
    let engine: Engine

    beforeEach(async () => {
      gemini = await createGemini()
      engine = create({ ...limits, baseUrl: gemini.url })
    })

    afterEach(async () => {
      engine.dispose()
      await gemini.close()
    })

    async function check(scenario: Scenario, { error, ...expected }: Expected) {
      gemini.respond(scenario)
      const { events, ...outcome } = await collect(engine)
      assert.deepEqual({ ...outcome, error: undefined, ...expected }, { ...outcome, error: undefined })
      // An error or an end has to be the last event.
      assert.equal(events.filter(({ type }) => type === 'end').length, error ? 0 : 1)
      assert.deepEqual({ ...outcome.error, ...error }, { ...outcome.error })
      assert.equal(!error, !outcome.error)
      const texts = outcome.parts.filter(({ thought }) => !thought).map(part => part.text ?? '').join('')
      assert.equal(texts, outcome.text)
    }

    for (const [what, scenario, expected] of answers) it(`reads ${what}`, () => check(scenario, expected))
    for (const [how, framing] of framings) {
      it(`reads an answer ${how}`, () => check({ ...scenarios.text(...poem), framing }, whole))
    }
    for (const [what, scenario, expected] of failures) it(`reports ${what}`, () => check(scenario, expected))
    // The first nine scenarios are error bodies of Google.
    for (const [what, scenario, expected] of failures.slice(0, 9)) {
      it(`reports ${what}, wrapped in an array`, () => check(scenarios.wrapped(scenario), expected))
    }

    it('sends what the request asks for', async () => {
      const native = { engine: 'gemini' as const, fields: { future: 1 } }
      const contents = [{ role: 'user' as const, parts: [{ text: '一', native }] }]
      await collect(engine, { contents, system: '短', tools: ['search'], model: 'models/gemini-3.6-flash' })
      const [{ body, key, model }] = gemini.requests
      assert.deepEqual([body.contents, body.tools], [[{ role: 'user', parts: [{ text: '一', future: 1 }] }], [{ googleSearch: {} }]])
      assert.deepEqual([model, key], ['gemini-3.6-flash', engineOptions().key])
      assert.equal(body.systemInstruction.parts[0].text, '短')
    })

    it('lists models', async () => {
      const [first] = await engine.models(engineOptions())
      assert.deepEqual(first, {
        name: 'gemini-3.8-flash',
        inputTokenLimit: 1048576,
        outputTokenLimit: 65536,
        isChatModel: true,
      })
    })

    for (const [when, scenario, ready] of [
      ['before the answer', scenarios.silent(), 0], ['within the answer', scenarios.stalled('一'), 1],
    ] as const) {
      it(`ends the request when it is aborted ${when}`, async () => {
        const controller = new AbortController()
        gemini.respond(scenario)
        let texts = 0
        const pending = collect(engine, {}, { signal: controller.signal }, ({ type }) => {
          texts += Number(type === 'text')
        })
        await until(() => gemini.requests.length === 1 && texts === ready)
        controller.abort()
        assert.equal((await pending).error?.kind, 'aborted')
        await gemini.requests[0].closed
        assert.ok(gemini.requests[0].aborted)
      })
    }

    it('makes no request when aborted before, or disposed', async () => {
      const { error } = await collect(engine, {}, { signal: AbortSignal.abort() })
      engine.dispose()
      assert.deepEqual([error?.kind, (await collect(engine)).error?.kind], ['aborted', 'aborted'])
      assert.equal(gemini.requests.length, 0)
    })

    it('ends the request when the reader stops', async () => {
      gemini.respond(scenarios.stalled('一', '二'))
      for await (const { type } of engine.stream({ model: 'gemini-3.8-flash', contents: ask('') }, engineOptions())) {
        if (type === 'text') break
      }
      await gemini.requests[0].closed
      assert.ok(gemini.requests[0].aborted)
    })

    for (const [reason, scenario, option] of [
      ['first-byte', scenarios.silent(), 'firstByteTimeout'], ['idle', scenarios.stalled('一'), 'idleTimeout'],
      ['total', { ...scenarios.text(...Array(50).fill('一')), gap: 20 }, 'totalTimeout'],
    ] as const) {
      it(`times out: ${reason}`, async () => {
        const hasty = create({ ...limits, [option]: 100, baseUrl: gemini.url })
        gemini.respond(scenario)
        const { error } = await collect(hasty)
        assert.deepEqual([error?.kind, error?.reason], ['timeout', reason])
        hasty.dispose()
      })
    }
  })
}

conform('the Gemini engine', createGeminiEngine)
