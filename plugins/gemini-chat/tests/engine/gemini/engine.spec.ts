import { FakeClock, until } from 'common/testing'
import assert from 'node:assert'
import { setImmediate } from 'node:timers/promises'
import type { Scenario } from 'testkit'
import { createGemini, scenarios } from 'testkit'
import type { GeminiOptions } from '../../../src/engine/gemini'
import { createGeminiEngine } from '../../../src/engine/gemini'
import type { EngineRequest } from '../../../src/engine/types'
import { engineOptions, ask, collect, limits, useGemini } from '../../support/gemini-engine'

describe('the Gemini engine', () => {
  const context = useGemini()

  it('sends requests as the API specifies', async () => {
    const { key } = engineOptions()
    const native = { engine: 'gemini' as const, fields: { thoughtSignature: 'c2ln' } }
    const contents = [...ask('一'), { role: 'model' as const, parts: [{ text: '二', native }] }, ...ask('三')]
    await collect(context.engine, {
      contents,
      system: '简短地回答',
      tools: ['search'],
      thinking: { level: 'minimal' },
      native: {
        toolConfig: { includeServerSideToolInvocations: true },
        safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'OFF' }],
        generationConfig: { temperature: 1 },
      },
    })
    const [{ method, path, headers, body }] = context.gemini.requests
    assert.deepEqual([method, path], ['POST', '/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse'])
    assert.deepEqual(body, {
      contents: [...ask('一'), { role: 'model', parts: [{ text: '二', thoughtSignature: 'c2ln' }] }, ...ask('三')],
      systemInstruction: { role: 'system', parts: [{ text: '简短地回答' }] },
      tools: [{ googleSearch: {} }],
      toolConfig: { includeServerSideToolInvocations: true },
      safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'OFF' }],
      generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } },
    })
    assert.equal(headers['x-goog-api-key'], key)
    assert.deepEqual(Object.keys(headers).sort(),
      ['accept-encoding', 'connection', 'content-length', 'content-type', 'host', 'x-goog-api-client', 'x-goog-api-key'])
  })

  it('does not change the request object', async () => {
    const request: EngineRequest = {
      model: 'models/gemini-3.8-flash', contents: ask('hi'), system: 'x', tools: ['url-context'],
    }
    const before = structuredClone(request)
    const { reason } = await collect(context.engine, request)
    assert.equal(reason, 'stop')
    assert.deepEqual(request, before)
  })

  it('reports text as it comes, sources, token counts and the end', async () => {
    const source = { title: 'Koishi', uri: 'https://koishi.chat' }
    context.gemini.respond(scenarios.grounded([source], ['koishi'], '一', '二'))
    const { events } = await collect(context.engine)
    assert.deepEqual(events.map(({ type }) => type),
      ['part', 'text', 'usage', 'part', 'text', 'sources', 'usage', 'end'])
    const grounding = events.find(event => event.type === 'sources')
    assert.deepEqual(grounding?.sources, [{ title: source.title, url: source.uri }])
    const usage = events.findLast(event => event.type === 'usage')
    assert.ok(usage?.usage.totalTokens)
  })

  it('passes on each chunk before the next one arrives', async () => {
    const gates = [new AbortController(), new AbortController()]
    const opened = gates.map(({ signal }) => new Promise(resolve => signal.addEventListener('abort', resolve)))
    context.gemini.respond(scenarios.text('一', opened[0], '二', opened[1], '三'))
    let texts = 0
    const { text } = await collect(context.engine, {}, {}, ({ type }) => {
      if (type === 'text') gates[texts++]?.abort()
    })
    assert.equal(text, '一二三')
  })

  it('reports a stream that stops within an event, after its text', async () => {
    const body = 'data: {"candidates":[{"content":{"parts":[{"text":"good"}]}}]}\n\ndata: {"candid'
    context.gemini.respond({ headers: { 'content-type': 'text/event-stream' }, body })
    const { text, error } = await collect(context.engine)
    assert.deepEqual([text, error?.kind], ['good', 'protocol'])
  })

  it('reports an untrusted certificate', async () => {
    const gemini = await createGemini({ tls: true })
    const engine = createGeminiEngine({ ...limits, baseUrl: gemini.url })
    const { error } = await collect(engine)
    assert.deepEqual([error?.kind, gemini.requests.length], ['network', 0])
    engine.dispose()
    await gemini.close()
  })

  it('limits the size of an error body', async () => {
    context.gemini.respond({ status: 500, body: 'x'.repeat(2 << 20) })
    const { error } = await collect(context.engine)
    assert.deepEqual([error?.kind, error?.message], ['protocol', 'the body is longer than 1048576 bytes'])
  })

  it('reads plain JSON of relays', async () => {
    const [first, second] = scenarios.text('一', '二').events!
    for (const [body, expected] of [[[first, second], '一二'], [second, '二']] as const) {
      context.gemini.respond({ body })
      const { text, reason } = await collect(context.engine)
      assert.deepEqual([text, reason], [expected, 'stop'])
    }
  })

  it('ends streams that relays leave open', async () => {
    const clock = new FakeClock()
    const engine = createGeminiEngine({ ...limits, baseUrl: context.gemini.url, clock })
    context.gemini.respond({ ...scenarios.text('一', '二'), end: 'hang' })
    const pending = collect(engine, {}, {}, ({ type }) => {
      if (type === 'usage') setImmediate().then(() => clock.advance(2000))
    })
    const { text, reason, error } = await pending
    assert.deepEqual([text, reason, error], ['一二', 'stop', undefined])
    assert.equal(clock.pending, 0)
    engine.dispose()
  })

  it('makes no request with a malformed key or model', async () => {
    for (const key of ['', 'a\nb', '密钥']) {
      const { error } = await collect(context.engine, {}, { key })
      assert.equal(error?.kind, 'auth')
      assert.ok(!key || !error?.message.includes(key))
    }
    for (const model of ['', 'a b', '../../v1/x', 'x?alt=json', 'a/b/c']) {
      assert.equal((await collect(context.engine, { model })).error?.kind, 'model')
    }
    assert.equal(context.gemini.requests.length, 0)
  })

  it('keeps keys out of errors', async () => {
    const key = 'relay-secret-1234'
    context.gemini.respond(scenarios.invalid(`bad key ${key}`))
    const { error } = await collect(context.engine, {}, { key })
    assert.equal(error?.message, 'bad key ***')
  })

  it('reads no faster than the caller', async () => {
    let written = 0
    const chunk = { candidates: [{ content: { role: 'model' as const, parts: [{ text: 'x'.repeat(1 << 16) }] } }] }
    const count = { then: (resolve: () => void) => (written++, resolve()) } as unknown as Promise<void>
    context.gemini.respond({ events: Array.from({ length: 1000 }, () => [chunk, count]).flat() })
    const iterator = context.engine.stream({ model: 'gemini-3.8-flash', contents: ask('') }, engineOptions())[Symbol.asyncIterator]()
    await iterator.next()
    let before = -1
    while (before !== written) {
      before = written
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    assert.ok(written < 500, `${written} of 1000 chunks were taken`)
    await iterator.return?.(undefined)
    await until(() => context.gemini.connections() === 0)
  })

  it('delivers everything to a slow reader without a timeout', async () => {
    const clock = new FakeClock()
    const engine = createGeminiEngine({
      firstByteTimeout: 5000, idleTimeout: 5000, totalTimeout: 0, baseUrl: context.gemini.url, clock,
    })
    const words = Array.from({ length: 40 }, (_, index) => `${index} `)
    context.gemini.respond(scenarios.text(...words))
    let text = ''
    for await (const event of engine.stream({ model: 'gemini-3.8-flash', contents: ask('') }, engineOptions())) {
      if (event.type !== 'text') continue
      text += event.text
      await new Promise(resolve => setTimeout(resolve, 1))
      if (text.length < 40) await clock.advance(4900)
    }
    assert.equal(text, words.join(''))
    engine.dispose()
  })
})

describe('timeouts of the engine', () => {
  const context = useGemini()

  async function wait(scenario: Scenario, ms: number, ready: (texts: number) => boolean) {
    const clock = new FakeClock()
    const engine = createGeminiEngine({
      baseUrl: context.gemini.url, firstByteTimeout: 60_000, idleTimeout: 30_000, totalTimeout: 300_000, clock,
    })
    context.gemini.respond(scenario)
    let texts = 0
    const pending = collect(engine, {}, {}, ({ type }) => void (texts += Number(type === 'text')))
    await until(() => ready(texts))
    await clock.advance(ms - 1)
    assert.equal(clock.pending > 0, true)
    await clock.advance(1)
    const outcome = await pending
    assert.equal(clock.pending, 0)
    await context.gemini.requests[0].closed
    assert.ok(context.gemini.requests[0].aborted)
    engine.dispose()
    return outcome
  }

  it('expire without a first byte', async () => {
    const { error } = await wait(scenarios.silent(), 60_000, () => context.gemini.requests.length === 1)
    assert.deepEqual([error?.kind, error?.reason, error?.retryable], ['timeout', 'first-byte', true])
  })

  it('expire when the stream stalls, after its text', async () => {
    const { text, error } = await wait(scenarios.stalled('一', '二'), 30_000, texts => texts === 2)
    assert.equal(text, '一二')
    assert.deepEqual([error?.kind, error?.reason], ['timeout', 'idle'])
  })

  it('apply to the list of models', async () => {
    const engine = createGeminiEngine({ ...limits, firstByteTimeout: 30, baseUrl: context.gemini.url })
    context.gemini.respondTo('models', scenarios.silent())
    await assert.rejects(engine.models(engineOptions()), { kind: 'timeout', reason: 'first-byte' })
    engine.dispose()
  })
})

describe('the list of models', () => {
  const context = useGemini()

  it('is read page by page', async () => {
    const page = (name: string, nextPageToken?: string): Scenario => ({
      body: {
        models: [{
          name: `models/${name}`, inputTokenLimit: 1000, outputTokenLimit: 10, supportedGenerationMethods: ['generateContent'],
        }],
        nextPageToken,
      },
    })
    context.gemini.respondTo('models', page('a', 'two'), page('b', 'three'), page('c'))
    const models = await context.engine.models(engineOptions())
    assert.deepEqual(models.map(({ name }) => name), ['a', 'b', 'c'])
    assert.deepEqual(models[0], { name: 'a', inputTokenLimit: 1000, outputTokenLimit: 10, isChatModel: true })
    assert.deepEqual(context.gemini.requests.map(({ path }) => path), [
      '/v1beta/models?pageSize=1000', '/v1beta/models?pageSize=1000&pageToken=two',
      '/v1beta/models?pageSize=1000&pageToken=three',
    ])
    assert.ok(!JSON.stringify(context.gemini.requests[0].headers).includes('x-gemini-call'))
  })

  it('ends at a repeated page token, and may be empty', async () => {
    context.gemini.respondTo('models', { body: { models: [], nextPageToken: 'again' } })
    assert.deepEqual(await context.engine.models(engineOptions()), [])
    assert.equal(context.gemini.requests.length, 2)
    context.gemini.respondTo('models', { body: {} })
    assert.deepEqual(await context.engine.models(engineOptions()), [])
  })

  it('reports errors like an answer', async () => {
    context.gemini.respondTo('models', scenarios.badKey())
    await assert.rejects(context.engine.models(engineOptions()), { kind: 'auth' })
    context.gemini.respondTo('models', { body: 'hello' })
    await assert.rejects(context.engine.models(engineOptions()), { kind: 'protocol' })
    const controller = new AbortController()
    context.gemini.respondTo('models', () => {
      controller.abort()
      return scenarios.silent()
    })
    await assert.rejects(context.engine.models({ ...engineOptions(), signal: controller.signal }), { kind: 'aborted' })
  })
})

describe('the base URL', () => {
  const context = useGemini()

  for (const [suffix, path] of Object.entries({
    '': '/v1beta/models',
    '/': '/v1beta/models',
    '/v1beta': '/v1beta/models',
    '/v1beta/': '/v1beta/models',
    '/v1': '/v1/models',
    '/relay/gemini/': '/relay/gemini/v1beta/models',
  })) {
    it(`may end with "${suffix}"`, async () => {
      const engine = createGeminiEngine({ ...limits, baseUrl: context.gemini.url + suffix })
      await collect(engine)
      assert.equal(context.gemini.requests[0].path, `${path}/gemini-3.8-flash:streamGenerateContent?alt=sse`)
      engine.dispose()
    })
  }

  it('is refused at once if it is malformed', () => {
    const create = (baseUrl: string) => createGeminiEngine({ ...limits, baseUrl } as GeminiOptions)
    for (const baseUrl of ['gemini.example', 'ftp://gemini.example', 'https://gemini.example/?key=hunter2', 'https://']) {
      assert.throws(() => create(baseUrl), (error: Error & { kind?: string }) => {
        assert.equal(error.kind, 'protocol')
        assert.match(error.message, /应写作 https:\/\/.*write https:\/\//)
        assert.ok(!error.message.includes('hunter2'))
        return true
      })
    }
    create('').dispose()
  })
})

describe('disposing of the engine', () => {
  const context = useGemini()

  it('ends running requests and frees every socket', async () => {
    context.gemini.respond(scenarios.stalled('一'), scenarios.silent())
    const running = [collect(context.engine), collect(context.engine)]
    await until(() => context.gemini.requests.length === 2)
    context.engine.dispose()
    for (const { error } of await Promise.all(running)) assert.equal(error?.kind, 'aborted')
    await until(() => context.gemini.connections() === 0)
  })

  it('refuses new requests', async () => {
    context.engine.dispose()
    assert.equal((await collect(context.engine)).error?.kind, 'aborted')
    await assert.rejects(context.engine.models(engineOptions()), { kind: 'aborted' })
    assert.equal(context.gemini.accepted(), 0)
    context.engine.dispose()
  })
})
