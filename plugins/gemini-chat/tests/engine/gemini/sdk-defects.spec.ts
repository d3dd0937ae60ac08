import { cpuTimeMs, FakeClock, until } from 'common/testing'
import assert from 'node:assert'
import { getEventListeners } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import type { Scenario } from 'testkit'
import { createGemini, scenarios } from 'testkit'
import { createGeminiEngine } from '../../../src/engine/gemini'
import { engineOptions, ask, collect, limits, useGemini } from '../../support/gemini-engine'

const poem = ['床前明月光，', '疑是地上霜。🌕', '举头望明月，', '低头思故乡。']

/** A hand-written stream. */
const raw = (body: string): Scenario => ({ headers: { 'content-type': 'text/event-stream' }, body })

const said = (text: string) => `data: {"candidates":[{"content":{"parts":[{"text":"${text}"}]}}]}`
const done = 'data: {"candidates":[{"finishReason":"STOP"}]}'

describe('defects of the SDK that are worked around', () => {
  const context = useGemini()
  const unhandled: unknown[] = []
  const notice = (reason: unknown) => unhandled.push(reason)

  before(() => process.on('unhandledRejection', notice))
  after(() => process.off('unhandledRejection', notice))

  afterEach(async () => {
    await setImmediate()
    assert.deepEqual(unhandled.splice(0), [], 'nothing goes unhandled')
  })

  async function play(scenario: Scenario) {
    context.gemini.respond(scenario)
    return collect(context.engine)
  }

  for (const newline of ['\r\n', '\n']) {
    it(`1. characters torn between packets, lines ended by ${JSON.stringify(newline)}`, async () => {
      const { text, reason } = await play({ ...scenarios.text(...poem), framing: { split: 1, newline } })
      assert.equal(text, poem.join(''))
      assert.equal(reason, 'stop')
    })
  }

  for (const [name, framing] of Object.entries({
    comments: { comment: 'keepalive' },
    'event names': { event: 'message' },
    'data without a space': { space: false },
    'data of several lines': { multiline: true },
    'line ends of old': { newline: '\r' },
  })) {
    it(`2. ${name}`, async () => {
      const { text, reason } = await play({ ...scenarios.text(...poem), framing })
      assert.equal(text, poem.join(''))
      assert.equal(reason, 'stop')
    })
  }

  it('2. mixed line ends', async () => {
    const { text, reason } = await play(raw(`${said('a')}\r\n\n${said('b')}\n\r\n: hm\r\r${said('c')}\n\n${done}\n\n`))
    assert.deepEqual([text, reason], ['abc', 'stop'])
  })

  it('3. [DONE], and a last event without its blank line', async () => {
    for (const framing of [{ done: true }, { terminated: false }, { done: true, terminated: false }]) {
      const { text, reason } = await play({ ...scenarios.text(...poem), framing })
      assert.deepEqual([text, reason], [poem.join(''), 'stop'])
    }
  })

  it('4. an error inside a stream with status 200', async () => {
    const { text, error } = await play(scenarios.overloadedMidway('床前', '明月'))
    assert.equal(text, '床前明月')
    assert.deepEqual([error?.kind, error?.status, error?.retryable], ['server', 503, true])
    const named = await play(raw(`${said('a')}\n\nevent: error\ndata: the relay fell over\n\n`))
    assert.deepEqual([named.text, named.error?.kind, named.error?.message], ['a', 'server', 'the relay fell over'])
    const bare = await play(raw('event: error\ndata: {"code":429,"message":"slow"}\n\n'))
    assert.equal(bare.error?.kind, 'rate')
    const wrapped = await play(raw('data: [{"error":{"code":503,"message":"busy"}}]\n\n'))
    assert.equal(wrapped.error?.message, 'busy')
  })

  it('5. an error body wrapped in an array', async () => {
    const { error } = await play(scenarios.wrapped(scenarios.rateLimited(36)))
    assert.deepEqual([error?.kind, error?.retryAfter, error?.quota],
      ['rate', 36000, 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier'])
  })

  it('6. Retry-After', async () => {
    const { error } = await play({ status: 429, headers: { 'retry-after': '7' }, body: { error: { code: 429 } } })
    assert.deepEqual([error?.kind, error?.retryAfter], ['rate', 7000])
  })

  it('7. a reader that stops ends the request', async () => {
    context.gemini.respond(scenarios.stalled(...poem))
    for await (const event of context.engine.stream({ model: 'gemini-3.8-flash', contents: ask('') }, engineOptions())) {
      if (event.type === 'text') break
    }
    const [request] = context.gemini.requests
    await request.closed
    assert.ok(request.aborted)
    await until(() => context.gemini.connections() === 0)
  })

  it('8. a signal that is aborted already makes no request', async () => {
    const { error } = await collect(context.engine, {}, { signal: AbortSignal.abort() })
    assert.equal(error?.kind, 'aborted')
    await assert.rejects(context.engine.models({ ...engineOptions(), signal: AbortSignal.abort() }), { kind: 'aborted' })
    assert.equal(context.gemini.requests.length, 0)
    assert.equal(context.gemini.accepted(), 0)
  })

  it('9. aborting within an answer is an abort error', async () => {
    const controller = new AbortController()
    context.gemini.respond(scenarios.stalled(...poem))
    const { text, error } = await collect(context.engine, {}, { signal: controller.signal }, () => controller.abort())
    assert.equal(error?.kind, 'aborted')
    assert.ok(!poem.join('').endsWith(text) || !text)
    await context.gemini.requests[0].closed
    assert.ok(context.gemini.requests[0].aborted)
  })

  it('10. no timer outlives a request, however it ends', async () => {
    const clock = new FakeClock()
    const engine = createGeminiEngine({ ...limits, baseUrl: context.gemini.url, clock })
    const controller = new AbortController()
    for (const scenario of [
      scenarios.text(...poem), scenarios.dropped('a'), scenarios.overloadedMidway('a'), scenarios.badKey(),
      scenarios.blocked(), scenarios.empty(), scenarios.stalled('a'),
    ]) {
      context.gemini.respond(scenario)
      await collect(engine, {}, { signal: controller.signal }, () => scenario.end === 'hang' && controller.abort())
      assert.equal(clock.pending, 0)
    }
    engine.dispose()
  })

  it('11. one signal for many requests', async () => {
    const warnings: Error[] = []
    const warn = (warning: Error) => warnings.push(warning)
    process.on('warning', warn)
    const { signal } = new AbortController()
    for (let i = 0; i < 20; i++) await collect(context.engine, {}, { signal })
    assert.equal(getEventListeners(signal, 'abort').length, 0)
    await setImmediate()
    process.off('warning', warn)
    assert.deepEqual(warnings.map(({ name }) => name).filter(name => name === 'MaxListenersExceededWarning'), [])
  })

  it('12. a connection that breaks is an error once, and nowhere else', async () => {
    const { text, error } = await play(scenarios.dropped(...poem))
    assert.equal(text, poem.join(''))
    assert.deepEqual([error?.kind, error?.retryable], ['network', true])
  })

  it('13. several parts in one chunk', async () => {
    const { text, parts } = await play(scenarios.text(['A', 'B', 'C']))
    assert.equal(text, 'ABC')
    assert.deepEqual(parts, [{ text: 'A' }, { text: 'B' }, { text: 'C' }])
  })

  it('14. thoughts, and their signatures', async () => {
    const thinking = await play(scenarios.thinking('先想一想', ...poem))
    assert.deepEqual([thinking.thoughts, thinking.text], ['先想一想', poem.join('')])
    const { parts } = await play(scenarios.signed('c2lnbmF0dXJl', 'ok'))
    const native = { engine: 'gemini', fields: { thoughtSignature: 'c2lnbmF0dXJl' } }
    assert.deepEqual(parts, [{ text: 'ok' }, { text: '', native }])
  })

  it('15. images of the model, in its answer and in the history', async () => {
    const image = { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }
    const { parts } = await play(scenarios.answer([['看：', image]]))
    assert.deepEqual(parts, [{ text: '看：' }, { file: image.inlineData }])
    const contents = [...ask('画'), { role: 'model' as const, parts }, ...ask('再画')]
    await collect(context.engine, { contents })
    assert.deepEqual(context.gemini.requests[1].body.contents,
      [...ask('画'), { role: 'model', parts: [{ text: '看：' }, image] }, ...ask('再画')])
  })

  it('16. an answer whose last chunk is empty is an answer', async () => {
    const { text, reason, parts } = await play(scenarios.text('ok', { text: '' }))
    assert.deepEqual([text, reason, parts], ['ok', 'stop', [{ text: 'ok' }, { text: '' }]])
  })

  it('17. two answers at once', async () => {
    context.gemini.respond(({ question }) => ({ ...scenarios.echo(question), gap: 5 }))
    const questions = ['甲甲甲甲', '乙乙乙乙', '丙丙丙丙']
    const outcomes = await Promise.all(questions.map(text => collect(context.engine, { contents: ask(text) })))
    assert.deepEqual(outcomes.map(({ text }) => text), questions.map(text => `你问的是：${text}。`))
  })

  it('18. a filter that steps in after some text', async () => {
    const { text, error, events } = await play(scenarios.safety('从前', '有座山'))
    assert.equal(text, '从前有座山')
    assert.deepEqual([error?.kind, error?.reason, error?.detail], ['blocked', 'answer', 'SAFETY'])
    assert.equal(events.at(-1)?.type, 'usage')
  })

  it('19. an event of 6 MB does not block the event loop', async () => {
    let longest = 0
    let last = cpuTimeMs()
    const timer = setInterval(() => {
      longest = Math.max(longest, cpuTimeMs() - last)
      last = cpuTimeMs()
    }, 1)
    const { text } = await play({ ...scenarios.huge(6 << 20), framing: { split: 8192 } })
    clearInterval(timer)
    assert.equal(text.length, 6 << 20)
    assert.ok(longest < 1000, `${longest} ms`)
  })

  it('20. line separators of Unicode inside a text', async () => {
    const { text } = await play(scenarios.text('一\u2028二\u2029三'))
    assert.equal(text, '一\u2028二\u2029三')
  })
})

describe('a configured proxy', () => {
  it('is never bypassed', async () => {
    const gemini = await createGemini()
    const engine = createGeminiEngine({ ...limits, baseUrl: gemini.url, proxy: 'socks5://127.0.0.1:9' })
    const { error } = await collect(engine)
    assert.equal(error?.kind, 'proxy')
    assert.equal(gemini.accepted(), 0)
    engine.dispose()
    await gemini.close()
  })
})
