import assert from 'node:assert/strict'
import { FakeClock, until } from 'common/testing'
import { createHttpProxy, createOpenAi, openAiError, openAiScenarios as o, scenarios } from 'testkit'
import type { OpenAiServer, OpenAiStep, Scenario } from 'testkit'
import type { EngineError } from '../../../src/engine/error'
import { createOpenAiEngine } from '../../../src/engine/openai'
import { classifyBody } from '../../../src/engine/openai/classify-error'
import { parseOpenAiBaseUrl } from '../../../src/engine/openai/endpoint'
import { encodeMessages } from '../../../src/engine/openai/messages'
import type { Engine, ToolCall } from '../../../src/engine/types'
import { ask, collect, limits } from '../../support/gemini-engine'
import type { Outcome } from '../../support/gemini-engine'

describe('services in the dialect of OpenAI', () => {
  let server: OpenAiServer
  let engine: Engine

  beforeEach(async () => {
    server = await createOpenAi()
    engine = createOpenAiEngine({ ...limits, baseUrl: server.url })
  })

  afterEach(async () => {
    engine.dispose()
    await server.close()
  })

  const put = (request = {}, options = {}) => collect(engine, { model: 'model', ...request }, options)
  const framed = (scenario: Scenario, framing: object): Scenario => {
    return { ...scenario, framing: { ...scenario.framing, ...framing } }
  }

  const answers: [string, Scenario, Partial<Outcome>][] = [
    ['`reasoning`', o.text({ reasoning: 'hm' }, 'ok'), { text: 'ok', thoughts: 'hm' }],
    ['thoughts under two names', o.text({ reasoning: 'hm', reasoning_content: 'hm' }, 'ok'), { text: 'ok', thoughts: 'hm' }],
    ['tags of thoughts', o.text('<thi', 'nk>hm</th', 'ink>\n\nok'), { text: 'ok', thoughts: 'hm' }],
    ['lists of texts and thoughts', o.text({ content: [
      { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }, { type: 'text', text: 'ok' },
    ] as never }), { text: 'ok', thoughts: 'hm' }],
    ['a refusal', o.text({ refusal: 'no' }), { text: 'no' }],
    ['keep-alive comments', framed(o.text('o', 'k'), { comment: 'OPENROUTER PROCESSING' }), { text: 'ok' }],
    ['no [DONE]', framed(o.text('o', 'k'), { done: false }), { text: 'ok', reason: 'stop' }],
    ['bytes one by one', framed(o.text('你', '好'), { split: 1 }), { text: '你好' }],
    ['no finish reason', o.answer(['ok'], null), { text: 'ok', reason: 'other' }],
    ['an unknown finish reason', o.answer(['ok'], 'finished'), { text: 'ok', reason: 'other' }],
    ['an answer that is not streamed', o.whole({ content: 'ok', reasoning_content: 'hm' }), { text: 'ok', thoughts: 'hm', reason: 'stop' }],
    ['a compressed answer', scenarios.compressed(framed(o.text('ok'), {}), 'gzip', ''), { text: 'ok' }],
  ]
  for (const [what, scenario, expected] of answers) {
    it(`are read with ${what}`, async () => {
      server.respond(scenario)
      const outcome = await put()
      assert.equal(outcome.error, undefined)
      assert.deepEqual({ ...outcome, ...expected }, outcome)
    })
  }

  it('may leave the connection open after the end', async () => {
    const stop = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }
    server.respond({ ...o.failingMidway(stop, 'ok'), end: 'hang' })
    const clock = new FakeClock()
    // Without other limits, the only timer is the one that waits for the end.
    const unlimited = { firstByteTimeout: 0, idleTimeout: 0, totalTimeout: 0 }
    const patient = createOpenAiEngine({ ...unlimited, baseUrl: server.url, clock })
    try {
      const pending = collect(patient, { model: 'model' })
      await until(() => clock.pending > 0, 'the wait for the end')
      await clock.advance(1999)
      assert.equal(clock.pending, 1)
      await clock.advance(1)
      const { text, reason, error } = await pending
      assert.deepEqual([text, reason, error, clock.pending], ['ok', 'stop', undefined, 0])
    } finally {
      patient.dispose()
    }
  })

  it('report token counts in the last chunk', async () => {
    server.respond(o.text('ok'))
    const { events } = await put()
    assert.deepEqual(events.find(({ type }) => type === 'usage'), {
      type: 'usage', usage: { inputTokens: 8, outputTokens: 4, thinkingTokens: 3, cachedTokens: 2, totalTokens: 15 },
    })
    assert.deepEqual(server.requests[0].body.stream_options, { include_usage: true })
  })

  const call = (fields: object) => ({ tool_calls: [fields] })
  const fn = (name: string | undefined, args: unknown) => ({ function: { name, arguments: args } })
  const forms: [string, OpenAiStep[], Partial<ToolCall>[]][] = [
    ['whole in one piece', [call({ index: 0, id: 'a', ...fn('f', '{"n":1}') })], [{ id: 'a', name: 'f', arguments: { n: 1 } }]],
    ['without an id', [call({ index: 0, ...fn('f', '{"n":') }), call({ index: 0, ...fn(undefined, '1}') })], [{ name: 'f', arguments: { n: 1 } }]],
    ['without an index', [call({ id: 'a', ...fn('f', '{"n"') }), call(fn(undefined, ':1}')), call({ id: 'b', ...fn('g', '{}') })],
      [{ id: 'a', name: 'f', arguments: { n: 1 } }, { id: 'b', name: 'g', arguments: {} }]],
    ['with one index for all', [call({ index: 0, id: 'a', ...fn('f', '{}') }), call({ index: 0, id: 'b', ...fn('f', '{}') })],
      [{ id: 'a', name: 'f' }, { id: 'b', name: 'f' }]],
    ['in turns', [call({ index: 0, id: 'a', ...fn('f', '{"n"') }), call({ index: 1, id: 'b', ...fn('g', '{"m"') }),
      call({ index: 0, ...fn(undefined, ':1}') }), call({ index: 1, ...fn(undefined, ':2}') })],
    [{ id: 'a', arguments: { n: 1 } }, { id: 'b', arguments: { m: 2 } }]],
    ['with the name in each piece', [call({ index: 0, id: 'a', ...fn('f', '{"n"') }), call({ index: 0, id: 'a', ...fn('f', ':1}') })],
      [{ id: 'a', name: 'f', arguments: { n: 1 } }]],
    ['with arguments that are an object', [call({ index: 0, id: 'a', ...fn('f', { n: 1 }) })], [{ arguments: { n: 1 } }]],
    ['without arguments', [call({ index: 0, id: 'a', ...fn('f', undefined) })], [{ arguments: {} }]],
    ['with arguments that are not JSON', [call({ index: 0, id: 'a', ...fn('f', '{n:1}') })], [{ arguments: {}, malformed: '{n:1}' }]],
    ['in the old form', [{ function_call: { name: 'f', arguments: '{"n"' } }, { function_call: { arguments: ':1}' } }], [{ name: 'f', arguments: { n: 1 } }]],
  ]
  for (const [form, steps, expected] of forms) {
    it(`may send calls ${form}`, async () => {
      server.respond(o.answer(steps, 'stop'))
      const { parts, reason } = await put()
      const found = parts.flatMap(({ toolCall }) => toolCall ?? [])
      assert.deepEqual([found.length, reason], [expected.length, 'tools'])
      for (const [index, fields] of expected.entries()) assert.deepEqual({ ...found[index], ...fields }, found[index])
      assert.ok(found.every(({ id }) => id))
    })
  }

  it('get a field that they take, once they refused another, and are asked that way from then on', async () => {
    const refusals: [string, (body: Record<string, unknown>) => unknown][] = [
      ['Unknown field: stream_options', body => body.stream_options],
      ['Unsupported parameter: \'max_tokens\'. Use \'max_completion_tokens\' instead.', body => body.max_tokens],
    ]
    for (const [message, isRefused] of refusals) {
      server.requests.length = 0
      server.respond(({ body }) => isRefused(body) ? o.failure(400, message) : o.text('ok'))
      for (let turn = 0; turn < 2; turn++) assert.equal((await put({ maxOutputTokens: 50, model: message })).text, 'ok')
      assert.equal(server.requests.length, 3, message)
    }
  })

  it('get the thoughts before calls back where they want them', async () => {
    const contents = [
      ...ask('q'), { role: 'model' as const, parts: [{ text: 'hm', thought: true }, { toolCall: { id: '1', name: 'f', arguments: {} } }] },
      { role: 'tool' as const, parts: [{ toolResult: { id: '1', name: 'f', content: 'r' } }] },
    ]
    server.respond(({ body }) => body.messages[1].reasoning_content === 'hm' ? o.text('ok')
      : o.failure(400, 'The `reasoning_content` in the thinking mode must be passed back to the API.'))
    assert.equal((await put({ contents })).text, 'ok')
    assert.deepEqual(server.requests.map(({ body }) => body.messages[1].reasoning_content), [undefined, 'hm'])
  })

  it('need no key', async () => {
    await put({}, { key: '' })
    await put({}, { key: 'sk-0123456789' })
    assert.deepEqual(server.requests.map(({ headers }) => headers.authorization), [undefined, 'Bearer sk-0123456789'])
  })

  it('are reached through their own proxy only', async () => {
    const proxy = await createHttpProxy()
    const through = createOpenAiEngine({ ...limits, baseUrl: server.url, proxy: proxy.url })
    try {
      assert.equal((await collect(through, { model: 'model' })).error, undefined)
      assert.equal(proxy.connections.length, 1)
    } finally {
      through.dispose()
      await proxy.close()
    }
  })

  it('list their models', async () => {
    const options = { signal: new AbortController().signal, key: '' }
    assert.deepEqual((await engine.models(options)).map(({ name, isChatModel }) => [name, isChatModel]), [['model', true]])
  })
})

describe('errors of services in the dialect of OpenAI', () => {
  const cases: [number, unknown, Partial<EngineError>][] = [
    [401, openAiError('Incorrect API key', 'invalid_request_error', 'invalid_api_key'), { kind: 'auth' }],
    [402, openAiError('Insufficient Balance'), { kind: 'billing', isProjectWide: true }],
    [403, openAiError('forbidden'), { kind: 'auth' }],
    [403, openAiError('Country not supported', 'request_forbidden', 'unsupported_country_region_territory'), { kind: 'region' }],
    [404, openAiError('The model `x` does not exist', 'invalid_request_error', 'model_not_found'), { kind: 'model' }],
    [404, { error: { message: 'model "x" not found, try pulling it first' } }, { kind: 'model' }],
    [404, { detail: 'Not Found' }, { kind: 'protocol' }],
    [400, openAiError('Model Not Exist'), { kind: 'model' }],
    [503, openAiError('No available channel for model x'), { kind: 'model' }],
    [429, openAiError('You exceeded your current quota', 'insufficient_quota', 'insufficient_quota'), { kind: 'billing' }],
    [429, openAiError('Rate limit reached. Please try again in 1m30.5s.', 'requests'), { kind: 'rate', retryAfter: 90_500 }],
    [429, openAiError('Please try again in 250ms.', 'requests'), { kind: 'rate', retryAfter: 250 }],
    [429, openAiError('limit of requests per day (RPD)'), { kind: 'quota-day' }],
    [400, openAiError('too long', 'invalid_request_error', 'context_length_exceeded'), { kind: 'request', reason: 'context' }],
    [400, openAiError('Range of input length should be [1, 30720]'), { kind: 'request', reason: 'context' }],
    [413, 'Request Entity Too Large', { kind: 'request', reason: 'context' }],
    [400, openAiError('filtered', 'x', 'content_filter'), { kind: 'blocked', reason: 'prompt' }],
    [400, openAiError('Content Exists Risk'), { kind: 'blocked' }],
    [400, openAiError('Input data may contain inappropriate content.', 'x', 'data_inspection_failed'), { kind: 'blocked' }],
    [400, openAiError('x', 'x', 'Arrearage'), { kind: 'billing' }],
    [400, openAiError('This model does not support image input'), { kind: 'request', reason: 'files' }],
    [404, openAiError('No endpoints found that support tool use'), { kind: 'request', reason: 'tools' }],
    [422, { detail: [{ msg: 'field required' }] }, { kind: 'request', message: 'field required' }],
    [500, openAiError('oops', 'server_error'), { kind: 'server', retryable: true }],
    [529, openAiError('overloaded'), { kind: 'server' }],
    [200, openAiError('slow down', 'rate_limit_error'), { kind: 'rate' }],
    [200, { code: 102, message: 'Can\'t find the dialog' }, { kind: 'server' }],
    [200, { base_resp: { status_code: 1004, status_msg: 'login fail' } }, { kind: 'server', message: 'login fail' }],
    [502, '<html><head><title>502 Bad Gateway</title></head></html>', { kind: 'server', message: '502 Bad Gateway' }],
    [403, '<!DOCTYPE html><title>Forbidden</title>', { kind: 'protocol' }],
    [404, '404 page not found', { kind: 'protocol' }],
    [401, 'Unauthorized', { kind: 'auth' }],
  ]
  for (const [status, body, expected] of cases) {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    it(`are told from ${status} ${text.slice(0, 80)}`, () => {
      const error = classifyBody(text, { status })
      for (const [field, value] of Object.entries(expected)) {
        assert.deepEqual(error[field as keyof EngineError], value, field)
      }
    })
  }

  it('hold the wait of the headers, and no key', () => {
    const headers = new Headers({ 'retry-after': '7', 'retry-after-ms': '1500' })
    const error = classifyBody(openAiError('key sk-secret-0123 is over its limit'), { status: 429, headers, secret: 'sk-secret-0123' })
    assert.deepEqual([error.retryAfter, error.message], [1500, 'key *** is over its limit'])
  })
})

describe('the address of a service', () => {
  const addresses = [
    ['https://api.deepseek.com', 'https://api.deepseek.com/v1'], ['http://127.0.0.1:11434/v1/', 'http://127.0.0.1:11434/v1'],
    ['https://ark.example.com/api/v3', 'https://ark.example.com/api/v3'],
    ['https://a.example.com/v1/chat/completions', 'https://a.example.com/v1'],
  ]
  for (const [given, expected] of addresses) it(`may be ${given}`, () => assert.equal(parseOpenAiBaseUrl(given), expected))
  for (const wrong of ['', 'api.deepseek.com', 'ftp://x', 'https://x/?a', 'https://x/#a']) {
    it(`is refused if it is ${JSON.stringify(wrong)}`, () => assert.throws(() => parseOpenAiBaseUrl(wrong), { kind: 'protocol' }))
  }
})

describe('encodeMessages', () => {
  it('keeps a text a string, and gives files the form that they have', () => {
    const file = (mimeType: string, text: string) => ({ file: { mimeType, data: Buffer.from(text).toString('base64') } })
    const content = (parts: object[]) => encodeMessages([{ role: 'user', parts }], undefined, false)[0].content
    assert.equal(content([{ text: 'a' }, file('text/plain', 'b')]), 'a\nb')
    assert.deepEqual(content([{ text: 'a' }, file('image/png', 'x'), file('audio/mpeg', 'y'), file('application/pdf', 'z')]), [
      { type: 'text', text: 'a' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,eA==' } },
      { type: 'input_audio', input_audio: { data: 'eQ==', format: 'mp3' } },
      { type: 'text', text: '[a file that this model cannot read]' },
    ])
  })
})
