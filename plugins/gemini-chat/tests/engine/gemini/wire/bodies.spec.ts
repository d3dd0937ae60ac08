import assert from 'node:assert/strict'
import { cpuTimeMs } from 'common/testing'
import { scenarios } from 'testkit'
import type { Scenario } from 'testkit'
import type { EngineErrorKind } from '../../../../src/engine/error'
import { createJsonParser } from '../../../../src/engine/http/json-values'
import { createBodyParser } from '../../../../src/engine/http/read-body'
import { collect, engineOptions, useGemini } from '../../../support/gemini-engine'

const poem = ['床前明月光，', '疑是地上霜。🌕']
const types = ['text/event-stream', 'application/json', 'text/html', 'text/plain']

describe('a body that is no event stream', () => {
  const context = useGemini()

  async function read(scenario: Scenario) {
    context.gemini.respond(scenario)
    const { text, reason, error } = await collect(context.engine)
    return { text, end: error?.kind ?? reason, message: error?.message, status: error?.status }
  }

  for (const type of types) {
    for (const form of ['array', 'lines', 'pretty', 'concatenated'] as const) {
      it(`is an answer as JSON (${form}) under ${type}`, async () => {
        const { text, end } = await read(scenarios.asJson(scenarios.text(...poem), form, type))
        assert.deepEqual([text, end], [poem.join(''), 'stop'])
      })
    }

    const { body: error } = scenarios.overloaded()
    for (const [form, body] of Object.entries({
      plain: JSON.stringify(error), pretty: JSON.stringify(error, null, 2), wrapped: JSON.stringify([error]), event: `data: ${JSON.stringify(error)}\n\n`,
    })) {
      it(`is an error (${form}) under ${type}`, async () => {
        const { end, status } = await read({ headers: { 'content-type': type }, body })
        assert.deepEqual([end, status], ['server', 503])
      })
    }

    it(`is a page under ${type}, which is no Gemini API`, async () => {
      const { end, message } = await read(scenarios.page('Welcome to nginx!', 200, type))
      assert.deepEqual([end, message], ['protocol', 'Welcome to nginx!: this is not a Gemini API, check the base URL'])
    })

    it(`is an event stream under ${type} all the same`, async () => {
      const { text, end } = await read({ ...scenarios.text(...poem), headers: { 'content-type': type } })
      assert.deepEqual([text, end], [poem.join(''), 'stop'])
    })
  }

  for (const [name, body, kind] of [
    ['a sentence', 'upstream connect error', 'protocol'],
    ['an error without `error`', JSON.stringify({ code: 503, message: 'busy' }), 'server'],
    ['an error with `msg`', JSON.stringify({ success: false, code: 401, msg: 'no token' }), 'auth'],
    ['an error with `detail`', JSON.stringify({ detail: 'Not authenticated', code: 401 }), 'auth'],
    ['a list of errors', JSON.stringify({ errors: [{ code: 429, message: 'slow down' }] }), 'rate'],
    ['an answer of OpenAI', JSON.stringify({ choices: [{ delta: { content: 'hi' } }] }), 'protocol'],
    ['a chunk of OpenAI', `data: ${JSON.stringify({ choices: [{ delta: { content: 'hi' } }] })}\n\n`, 'protocol'],
    ['nothing', '', 'empty'],
  ] as [string, string, EngineErrorKind][]) {
    it(`may be ${name}`, async () => {
      assert.equal((await read({ headers: { 'content-type': 'text/event-stream' }, body })).end, kind)
    })
  }

  it('breaks off like a stream does', async () => {
    const { body } = scenarios.asJson(scenarios.text(...poem), 'lines')
    const { text, end } = await read({ body: String(body).slice(0, -20) })
    assert.deepEqual([text, end], [poem[0], 'protocol'])
  })
})

describe('a compressed body', () => {
  const context = useGemini()

  it('is not asked for', async () => {
    await collect(context.engine)
    assert.equal(context.gemini.requests[0].headers['accept-encoding'], 'identity')
  })

  for (const form of ['gzip', 'deflate', 'deflate-raw', 'br'] as const) {
    it(`is read as ${form}`, async () => {
      context.gemini.respond(scenarios.compressed(scenarios.text(...poem), form))
      const { text, reason } = await collect(context.engine)
      assert.deepEqual([text, reason], [poem.join(''), 'stop'])
    })

    it(`may be an error as ${form}`, async () => {
      context.gemini.respond(scenarios.compressed(scenarios.badKey(), form))
      assert.equal((await collect(context.engine)).error?.kind, 'auth')
    })
  }

  it('is read without a header, and a header without compression is ignored', async () => {
    const plain = { ...scenarios.text(...poem), headers: { 'content-encoding': 'gzip' } }
    for (const scenario of [scenarios.compressed(scenarios.text(...poem), 'gzip', ''), plain]) {
      context.gemini.respond(scenario)
      assert.equal((await collect(context.engine)).text, poem.join(''))
    }
  })

  it('may be the list of models', async () => {
    const models = [{ name: 'models/m', supportedGenerationMethods: ['generateContent'] }]
    context.gemini.respondTo('models', scenarios.compressed({ body: { models } }, 'gzip'))
    assert.deepEqual((await context.engine.models(engineOptions())).map(({ name }) => name), ['m'])
  })

  it('that breaks off is reported', async () => {
    const whole = scenarios.compressed(scenarios.text(...poem), 'gzip')
    context.gemini.respond({ ...whole, bytes: whole.bytes!.subarray(0, -12) })
    assert.ok((await collect(context.engine)).error)
  })

  it('that grows beyond the limit is cut off', async () => {
    const bomb = scenarios.compressed({ body: `data: ${' '.repeat(66 << 20)}` }, 'gzip')
    context.gemini.respond(bomb)
    assert.equal((await collect(context.engine)).error?.kind, 'protocol')
  })
})

describe('createBodyParser and createJsonParser', () => {
  function read(text: string, size: number, parser = createBodyParser()) {
    const bytes = Buffer.from(text)
    const events = []
    for (let index = 0; index < bytes.length; index += size) {
      events.push(...parser.push(bytes.subarray(index, index + size)))
    }
    return [...events, ...parser.end()].map(({ data }) => data)
  }

  it('give the same events however the bytes are split', () => {
    const objects = ['{"a":"}{\\"\\\\"}', '{"b":[{"c":"你好🌍"},[]]}', '{}']
    for (const text of [objects.join('\n'), `[${objects.join(',\r\n')}]`, objects.join(''), ` \ufeff${objects.join(' ')}`]) {
      for (const size of [1, 2, 3, 7, 1000]) assert.deepEqual(read(text.trimStart(), size), objects)
    }
    for (const size of [1, 2, 1000]) {
      assert.deepEqual(read('\n\nevent: x\ndata: 1\n\n{\n"error": {}\n}\n\n', size).map(data => data.replace(/\n/g, '')), ['1', '{"error": {}}'])
    }
  })

  it('take time linear in the size of hostile bodies', () => {
    for (const piece of ['{', '[', '"', '{}', '{"', '\\', 'data: {\n', '<', '\n', 'x']) {
      const start = cpuTimeMs()
      try {
        read(piece.repeat((1 << 20) / piece.length), 16_384)
      } catch {}
      assert.ok(cpuTimeMs() - start < 4000, JSON.stringify(piece))
    }
  })

  it('refuse an endless object', () => {
    const parser = createJsonParser(1000)
    parser.push(Buffer.from('{"a":"'))
    assert.throws(() => parser.push(Buffer.from('x'.repeat(1000))), RangeError)
  })
})
