import assert from 'node:assert/strict'
import { request } from 'node:http'
import type { Gemini, Scenario } from '../../src'
import { createGemini, scenarios } from '../../src'
import { exchange } from './exchange'

const contents = [{ role: 'user', parts: [{ text: '在吗' }] }]

describe('createGemini', () => {
  let gemini: Gemini

  beforeEach(async () => {
    gemini = await createGemini()
  })

  afterEach(() => gemini.close())

  function call(action = 'streamGenerateContent?alt=sse', body: unknown = { contents }) {
    return exchange(`${gemini.url}/v1beta/models/gemini-3.8-flash:${action}`, {
      headers: { 'x-goog-api-key': 'KEY', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  }

  function stream(scenario: Scenario) {
    gemini.respond(scenario)
    return call()
  }

  const usage = (count: number) => `"usageMetadata":{"promptTokenCount":8,"candidatesTokenCount":${count},"totalTokenCount":${8 + count}}`
  const part = (text: string, count: number, rest = '') => {
    return `{"candidates":[{"content":{"role":"model","parts":[{"text":"${text}"}]}${rest},"index":0}],${usage(count)}}`
  }
  const stop = ',"finishReason":"STOP"'

  it('repeats the question by default and records the request', async () => {
    const { status, headers, body } = await call()
    assert.equal(status, 200)
    assert.equal(headers['content-type'], 'text/event-stream')
    const texts = body.split('\r\n\r\n').filter(Boolean).map(event => JSON.parse(event.slice(6)).candidates[0].content.parts[0].text)
    assert.deepEqual(texts, ['你问的是：', '在', '吗', '。'])
    const [record] = gemini.requests
    await record.closed
    assert.deepEqual(record.body, { contents })
    assert.equal(record.headers['x-goog-api-key'], 'KEY')
    assert.deepEqual(
      [record.method, record.path, record.model, record.key, record.question, record.finished, record.aborted],
      ['POST', '/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse', 'gemini-3.8-flash', 'KEY', '在吗', true, false],
    )
  })

  describe('framing', () => {
    it('matches Google\'s by default', async () => {
      const { body } = await stream(scenarios.text('你好', '!'))
      assert.equal(body, `data: ${part('你好', 2)}\r\n\r\ndata: ${part('!', 2, stop)}\r\n\r\n`)
    })

    it('can vary line endings, spaces, comments and the end, as relays do', async () => {
      const framing = { newline: '\n', space: false, comment: 'keepalive', event: 'message', done: true, terminated: false }
      const { body } = await stream({ ...scenarios.text('a'), framing })
      assert.equal(body, ': keepalive\n\nevent: message\n'
        + `data:${part('a', 1, stop)}\n\n`
        + ': keepalive\n\nevent: message\ndata:[DONE]')
    })

    it('can split one event into several data lines', async () => {
      const { body } = await stream({ events: [{ responseId: 'x' }], framing: { multiline: true } })
      assert.equal(body, 'data: {\r\ndata:  "responseId": "x"\r\ndata: }\r\n\r\n')
    })

    it('can split multi-byte characters', async () => {
      gemini.respond({ ...scenarios.text('好'), framing: { split: 1 } })
      const { body, chunks } = await call()
      assert.equal(body, `data: ${part('好', 1, stop)}\r\n\r\n`)
      assert(chunks.some(chunk => chunk.toString().includes('\ufffd')))
    })
  })

  describe('answers', () => {
    it('have thoughts, signatures and several parts in a chunk', async () => {
      const { body } = await stream(scenarios.signed('c2ln', { text: 'hm', thought: true }, ['A', 'B']))
      const chunks = body.trim().split('\r\n\r\n').map(event => JSON.parse(event.slice(6)))
      assert.deepEqual(chunks.map(chunk => chunk.candidates[0].content.parts), [
        [{ text: 'hm', thought: true }],
        [{ text: 'A' }, { text: 'B' }],
        [{ text: '', thoughtSignature: 'c2ln' }],
      ])
      assert.deepEqual(chunks[2].usageMetadata, {
        promptTokenCount: 8, candidatesTokenCount: 1, thoughtsTokenCount: 1, totalTokenCount: 10,
      })
    })

    it('have grounding metadata in the last chunk', async () => {
      const source = { title: 'Koishi', uri: 'https://koishi.chat' }
      const { body } = await stream(scenarios.grounded([source], ['koishi'], 'a', 'b'))
      const [first, last] = body.trim().split('\r\n\r\n').map(event => JSON.parse(event.slice(6)).candidates[0])
      assert.equal(first.groundingMetadata, undefined)
      assert.deepEqual(last.groundingMetadata.groundingChunks, [{ web: source }])
      assert.deepEqual(last.groundingMetadata.webSearchQueries, ['koishi'])
    })

    it('can end by a filter, a blocked prompt, no text or the output limit', async () => {
      const head = '"usageMetadata":{"promptTokenCount":8,"totalTokenCount":8}'
      assert.equal((await stream(scenarios.safety('a'))).body,
        `data: ${part('a', 1)}\r\n\r\ndata: {"candidates":[{"finishReason":"SAFETY","index":0}],${head}}\r\n\r\n`)
      assert.equal((await stream(scenarios.blocked('SAFETY'))).body,
        `data: {"promptFeedback":{"blockReason":"SAFETY"},${head}}\r\n\r\n`)
      assert.equal((await stream(scenarios.empty())).body, `data: ${part('', 0, stop)}\r\n\r\n`)
      assert.equal((await stream(scenarios.maxTokens('a'))).body, `data: ${part('a', 1, ',"finishReason":"MAX_TOKENS"')}\r\n\r\n`)
    })

    it('can be one huge event', async () => {
      const { body } = await stream(scenarios.huge(300000))
      assert.equal(body, `data: ${part('x'.repeat(300000), 75000, stop)}\r\n\r\n`)
    })

    it('pause until a promise of the test resolves', async () => {
      let release!: () => void
      gemini.respond(scenarios.text('a', new Promise<void>(resolve => release = resolve), 'b'))
      const answer = call()
      while (!gemini.requests.length) await new Promise(setImmediate)
      assert.equal(gemini.requests[0].finished, false)
      release()
      assert.match((await answer).body, /"a".*"b"/s)
    })
  })

  describe('errors', () => {
    it('contain the details that Google sends', async () => {
      const reason = async (scenario: Scenario) => {
        const { status, headers, body } = await stream(scenario)
        assert.equal(headers['content-type'], 'application/json; charset=UTF-8')
        const { error } = JSON.parse(body)
        assert.equal(error.code, status)
        return [status, error.status, ...(error.details ?? []).map((detail: Record<string, unknown>) => {
          const [violation] = detail.violations as { quotaId: string }[] ?? []
          return violation?.quotaId ?? detail.retryDelay ?? detail.reason
        })]
      }
      const kind = 'PerProjectPerModel-FreeTier'
      assert.deepEqual(await reason(scenarios.rateLimited(7)), [429, 'RESOURCE_EXHAUSTED', `GenerateRequestsPerMinute${kind}`, '7s'])
      assert.deepEqual(await reason(scenarios.dailyQuota()), [429, 'RESOURCE_EXHAUSTED', `GenerateRequestsPerDay${kind}`, '36s'])
      assert.deepEqual(await reason(scenarios.badKey()), [400, 'INVALID_ARGUMENT', 'API_KEY_INVALID'])
      assert.deepEqual(await reason(scenarios.region()), [400, 'FAILED_PRECONDITION'])
      assert.deepEqual(await reason(scenarios.unknownModel('x')), [404, 'NOT_FOUND'])
      assert.deepEqual(await reason(scenarios.overloaded()), [503, 'UNAVAILABLE'])
      assert.deepEqual(await reason(scenarios.internal()), [500, 'INTERNAL'])
    })

    it('can be wrapped in an array', async () => {
      const { body } = await stream(scenarios.wrapped(scenarios.badKey()))
      assert.equal(JSON.parse(body)[0].error.code, 400)
    })

    it('can follow the first chunks of a stream', async () => {
      const { status, body } = await stream(scenarios.overloadedMidway('a'))
      assert.equal(status, 200)
      assert.equal(body, `data: ${part('a', 1)}\r\n\r\ndata: {"error":{"code":503,`
        + `"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}\r\n\r\n`)
    })

    it('reject unknown keys and models and malformed bodies', async () => {
      const strict = await createGemini({ keys: ['GOOD'], models: ['m'] })
      try {
        const status = async (path: string, key?: string, body?: string) => {
          return (await exchange(strict.url + path, { headers: key ? { 'x-goog-api-key': key } : {}, body })).status
        }
        const good = JSON.stringify({ contents })
        assert.equal(await status('/v1beta/models/m:generateContent', 'GOOD', good), 200)
        assert.equal(await status('/v1beta/models/m:generateContent', 'BAD', good), 400)
        assert.equal(await status('/v1beta/models/m:generateContent', undefined, good), 403)
        assert.equal(await status('/v1beta/models/n:generateContent', 'GOOD', good), 404)
        assert.equal(await status('/v1beta/models/m:generateContent', 'GOOD', '{'), 400)
        assert.equal(await status('/v1beta/models/m:generateContent', 'GOOD', '{}'), 400)
        assert.equal(await status('/v1beta/models/m:sing', 'GOOD', good), 404)
        assert.equal(await status('/v1beta/models', 'GOOD'), 200)
        assert.equal(await status('/v1beta/models/n', 'GOOD'), 404)
      } finally {
        await strict.close()
      }
    })
  })

  describe('connections', () => {
    it('can be reset in the middle of an answer', async () => {
      const { body, error } = await stream(scenarios.dropped('a'))
      assert.equal(body, `data: ${part('a', 1)}\r\n\r\n`)
      assert.equal(error, 'ECONNRESET')
      assert.equal(gemini.requests[0].aborted, false)
    })

    for (const [name, scenario] of [['silent', scenarios.silent()], ['stalled', scenarios.stalled('a')]] as const) {
      it(`stay open with a ${name} scenario until the client disconnects`, async () => {
        gemini.respond(scenario)
        const client = request(`${gemini.url}/v1beta/models/m:streamGenerateContent?alt=sse&key=KEY`, { method: 'POST', agent: false })
        client.on('error', () => {})
        client.on('response', response => response.on('error', () => {}))
        client.end(JSON.stringify({ contents }))
        while (!gemini.requests.length || !gemini.requests[0].question) await new Promise(setImmediate)
        assert.equal(gemini.connections(), 1)
        client.destroy()
        await gemini.requests[0].closed
        assert.equal(gemini.requests[0].aborted, true)
        assert.equal(gemini.requests[0].finished, false)
        while (gemini.connections()) await new Promise(setImmediate)
        assert.equal(gemini.accepted(), 1)
      })
    }
  })

  it('plays queued scenarios in order and repeats the last one', async () => {
    gemini.respond(scenarios.overloaded(), scenarios.rateLimited(), ({ question }) => scenarios.text(question))
    const statuses = [await call(), await call(), await call(), await call()].map(({ status }) => status)
    assert.deepEqual(statuses, [503, 429, 200, 200])
    gemini.respond()
    assert.match((await call()).body, /你问的是/)
  })

  it('plays the same scenarios for unary calls', async () => {
    gemini.respond(scenarios.thinking('hm', 'a', 1, 'b'), scenarios.overloadedMidway('a'))
    const { body } = await call('generateContent')
    assert.deepEqual(JSON.parse(body).candidates, [{
      content: { role: 'model', parts: [{ text: 'hm', thought: true }, { text: 'a' }, { text: 'b' }] },
      index: 0,
      finishReason: 'STOP',
    }])
    assert.equal((await call('generateContent')).status, 503)
  })

  it('streams a JSON array without alt=sse', async () => {
    gemini.respond(scenarios.text('a', 'b'))
    const { body, headers } = await call('streamGenerateContent')
    assert.equal(headers['content-type'], 'application/json; charset=UTF-8')
    assert.equal(body, `[${part('a', 1)},\r\n${part('b', 1, stop)}]`)
  })

  it('counts tokens and lists models', async () => {
    assert.deepEqual(JSON.parse((await call('countTokens')).body), { totalTokens: 2 })
    const url = `${gemini.url}/v1beta/models?key=KEY`
    const [first] = JSON.parse((await exchange(url)).body).models
    assert.equal(first.name, 'models/gemini-3.8-flash')
    assert.equal(first.inputTokenLimit, 1048576)
    gemini.respondTo('models', scenarios.overloaded())
    assert.equal((await exchange(url)).status, 503)
  })

  it('serves TLS with a generated certificate', async () => {
    const secure = await createGemini({ tls: true })
    try {
      const url = `${secure.url}/v1beta/models?key=KEY`
      assert.equal((await exchange(url, { ca: secure.ca })).status, 200)
      await assert.rejects(exchange(url), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
      secure.respondTo('models', { ...scenarios.text('a'), end: 'drop' })
      assert.equal((await exchange(url, { ca: secure.ca })).error, 'ECONNRESET')
    } finally {
      await secure.close()
    }
  })
})
