import assert from 'node:assert/strict'
import { ask } from '../../src/model/ask'
import type { AskOptions, Question } from '../../src/model/ask'
import { EngineError } from '../../src/engine/error'
import type { EngineEvent } from '../../src/engine/types'
import { googleQuotaCalendar } from '../../src/engine/gemini/quota-calendar'
import { parseKeys, KeyPool } from '../../src/model/key-pool'
import type { KeySetting } from '../../src/model/key-pool'
import { ModelList } from '../../src/model/model-list'
import { InstantClock } from 'common/testing'
import { FakeEngine, fails, piece, says } from '../support/engine'

const question: Question = { contents: [{ role: 'user', parts: [{ text: 'hello' }] }] }

describe('ask', () => {
  let engine: FakeEngine
  let clock: InstantClock
  let controller: AbortController
  let warnings: string[]
  let options: AskOptions

  beforeEach(() => setup())

  function setup(apiKeys: KeySetting[] = ['k1'], names = ['m1']) {
    engine = new FakeEngine()
    clock = new InstantClock()
    controller = new AbortController()
    warnings = []
    const logger = { warn: (...args: unknown[]) => warnings.push(args.join(' ')) }
    const now = () => clock.now()
    const keyPool = new KeyPool(parseKeys({ apiKeys }), clock, googleQuotaCalendar)
    const route = { keyPool, models: new ModelList(names, logger), logger, now }
    options = { engine, clock, random: () => 1, signal: controller.signal, retries: 2, route }
  }

  async function collect(events: EngineEvent[] = []) {
    for await (const event of ask(question, options)) events.push(event)
    return events
  }

  async function answer() {
    return (await collect()).map(event => event.type === 'text' ? event.text : '').join('')
  }

  const used = () => engine.requests.map(({ key, model }) => `${key} ${model}`)
  const failure = (kind: string) => (error: unknown) => error instanceof EngineError && error.kind === kind

  it('passes on the events of the engine', async () => {
    engine.respond(says('a', 'b'))
    assert.deepEqual(await collect(), says('a', 'b'))
    assert.deepEqual(used(), ['k1 m1'])
  })

  describe('after a failure', () => {
    for (const kind of ['server', 'network', 'rate'] as const) {
      it(`retries a ${kind} error with growing pauses`, async () => {
        engine.respond(fails(kind), fails(kind), says('a'))
        assert.equal(await answer(), 'a')
        assert.deepEqual(clock.sleeps, [1000, 2000])
      })
    }

    it('retries a first-byte timeout, and no other', async () => {
      engine.respond(fails('timeout', { reason: 'first-byte' }), says('a'))
      assert.equal(await answer(), 'a')
      for (const reason of ['idle', 'total'] as const) {
        engine.respond(fails('timeout', { reason }))
        await assert.rejects(answer(), failure('timeout'))
      }
      assert.equal(engine.requests.length, 4)
    })

    it('gives up after the configured retries', async () => {
      engine.respond(fails('server'))
      await assert.rejects(answer(), failure('server'))
      assert.equal(engine.requests.length, 3)
      options.retries = 0
      await assert.rejects(answer(), failure('server'))
      assert.equal(engine.requests.length, 4)
    })

    it('waits as long as the server asks, if that is not too long', async () => {
      engine.respond(fails('rate', { retryAfter: 5000 }), says('a'))
      assert.equal(await answer(), 'a')
      assert.deepEqual(clock.sleeps, [6000])
      engine.respond(fails('rate', { retryAfter: 36_000 }))
      await assert.rejects(answer(), failure('rate'))
      assert.equal(engine.requests.length, 3)
    })

    it('retries an empty answer once', async () => {
      engine.respond(fails('empty', { detail: 'STOP' }), says('a'))
      assert.equal(await answer(), 'a')
      engine.respond(fails('empty', { detail: 'STOP' }))
      await assert.rejects(answer(), failure('empty'))
      assert.equal(engine.requests.length, 4)
    })

    it('does not retry errors that would repeat', async () => {
      for (const kind of ['request', 'region', 'proxy', 'blocked', 'protocol', 'quota-day', 'auth'] as const) {
        setup()
        engine.respond(fails(kind))
        await assert.rejects(answer(), failure(kind))
        assert.equal(engine.requests.length, 1, kind)
      }
    })

    it('hides the events of a failed attempt', async () => {
      engine.respond(
        [{ type: 'thought', text: 'hm' }, { type: 'part', part: { text: ' ' } }, { type: 'text', text: ' ' }, ...fails('server')],
        says('a'),
      )
      assert.deepEqual(await collect(), says('a'))
    })

    it('never retries once text is visible', async () => {
      engine.respond([...piece('a'), ...fails('server')])
      const events: EngineEvent[] = []
      await assert.rejects(collect(events), failure('server'))
      assert.deepEqual(events, piece('a'))
      assert.equal(engine.requests.length, 1)
    })

    it('passes on an answer without text when it is complete', async () => {
      const image: EngineEvent = { type: 'part', part: { file: { mimeType: 'image/png', data: '' } } }
      engine.respond([image, { type: 'end', reason: 'stop' }])
      assert.deepEqual(await collect(), [image, { type: 'end', reason: 'stop' }])
    })

    it('does not retry errors other than EngineError', async () => {
      engine.respond([new TypeError('bug')])
      await assert.rejects(answer(), TypeError)
      assert.equal(engine.requests.length, 1)
    })
  })

  describe('with several keys', () => {
    beforeEach(() => setup(['k1', 'k2', 'k3']))

    for (const kind of ['auth', 'rate', 'quota-day'] as const) {
      it(`uses the next key at once after a ${kind} error`, async () => {
        engine.respond(fails(kind, { retryAfter: 60_000 }), fails(kind), says('a'))
        assert.equal(await answer(), 'a')
        assert.deepEqual(used(), ['k1 m1', 'k2 m1', 'k3 m1'])
        assert.deepEqual(clock.sleeps, [0, 0])
      })
    }

    it('begins with the key that worked', async () => {
      engine.respond(fails('quota-day'), says('a'))
      await answer()
      await answer()
      assert.deepEqual(used(), ['k1 m1', 'k2 m1', 'k2 m1'])
    })

    it('keeps a key whose failure is not its own', async () => {
      engine.respond(fails('server'), says('a'))
      await answer()
      assert.deepEqual(used(), ['k1 m1', 'k1 m1'])
    })

    it('fails when all keys have failed', async () => {
      engine.respond(fails('auth'))
      await assert.rejects(answer(), failure('auth'))
      assert.deepEqual(used(), ['k1 m1', 'k2 m1', 'k3 m1'])
    })

    it('waits for the last key when all are limited', async () => {
      engine.respond(fails('rate'), fails('rate'), fails('rate', { retryAfter: 2000 }), says('a'))
      assert.equal(await answer(), 'a')
      assert.deepEqual(used(), ['k1 m1', 'k2 m1', 'k3 m1', 'k3 m1'])
      assert.deepEqual(clock.sleeps, [0, 0, 3000])
    })

    it('logs a refused key by position only', async () => {
      engine.respond(fails('auth'), says('a'))
      await answer()
      assert.equal(warnings.length, 1)
      assert.match(warnings[0], /API key %d was refused.* 1 /)
      assert.doesNotMatch(warnings[0], /k1/)
    })

    it('handles questions that fail at the same time', async () => {
      engine.respond(fails('auth'), fails('auth'), says('a'))
      assert.deepEqual(await Promise.all([answer(), answer()]), ['a', 'a'])
      await answer()
      assert.deepEqual(used(), ['k1 m1', 'k1 m1', 'k2 m1', 'k2 m1', 'k2 m1'])
      assert.equal(warnings.length, 1)
    })

    it('skips a refused key for an hour, if there are others', async () => {
      engine.respond(fails('auth'), says('a'))
      await answer()
      await clock.advance(3_599_000)
      await answer()
      await clock.advance(1000)
      await answer()
      assert.deepEqual(used(), ['k1 m1', 'k2 m1', 'k2 m1', 'k1 m1'])
    })

    it('tries refused keys again if there are no others', async () => {
      engine.respond(fails('auth'))
      await assert.rejects(answer(), failure('auth'))
      engine.respond(says('a'))
      assert.equal(await answer(), 'a')
    })
  })

  describe('with keys of one project', () => {
    beforeEach(() => setup([{ key: 'k1', bucket: 'a' }, { key: 'k2', bucket: 'a' }, { key: 'k3', bucket: 'b' }]))

    it('skips all of them when their daily quota is used up', async () => {
      engine.respond(fails('quota-day'), says('a'))
      assert.equal(await answer(), 'a')
      assert.deepEqual(used(), ['k1 m1', 'k3 m1'])
    })

    it('skips all of them for as long as the server says', async () => {
      engine.respond(fails('rate', { retryAfter: 30_000 }), says('a'))
      await answer()
      await clock.advance(29_000)
      await answer()
      await clock.advance(1000)
      await answer()
      assert.deepEqual(used(), ['k1 m1', 'k3 m1', 'k3 m1', 'k1 m1'])
    })

    it('tells when the quota resets, and makes no request until then', async () => {
      engine.respond(fails('quota-day'), fails('rate', { retryAfter: 60_000 }))
      const check = (error: unknown) => error instanceof EngineError && error.kind === 'rate' && error.retryAfter === 60_000
      await assert.rejects(answer(), check)
      await assert.rejects(answer(), check)
      assert.equal(engine.requests.length, 2)
    })

    it('waits for the next quota day when all keys are used up', async () => {
      engine.respond(fails('quota-day'))
      // The test clock starts at 2027-01-15 08:00 UTC, which is midnight in California.
      const until = Date.parse('2027-01-16T08:00:00Z')
      for (let time = 0; time < 2; time++) {
        await assert.rejects(answer(), (error: unknown) => {
          return error instanceof EngineError && error.kind === 'quota-day' && error.until === until
        })
      }
      assert.deepEqual(used(), ['k1 m1', 'k3 m1'])
      await clock.advance(until - clock.now())
      engine.respond(says('a'))
      assert.equal(await answer(), 'a')
    })
  })

  describe('with fallback models', () => {
    beforeEach(() => setup(['k1', 'k2'], ['m1', 'm2', 'm1']))

    it('uses the next model when one is gone, and logs it', async () => {
      engine.respond(fails('model'), says('a'))
      assert.equal(await answer(), 'a')
      await answer()
      assert.deepEqual(used(), ['k1 m1', 'k1 m2', 'k1 m2'])
      assert.deepEqual(warnings, ['model %s is not available, using %s m1 m2'])
    })

    it('fails when all models are gone', async () => {
      engine.respond(fails('model'))
      await assert.rejects(answer(), failure('model'))
      assert.deepEqual(used(), ['k1 m1', 'k1 m2'])
    })

    it('tries every key with the next model', async () => {
      engine.respond(fails('rate'), fails('model'), fails('rate'), says('a'))
      assert.equal(await answer(), 'a')
      assert.deepEqual(used(), ['k1 m1', 'k2 m1', 'k1 m2', 'k2 m2'])
    })

    it('uses the next model while no key has quota for the first', async () => {
      const quota = 'GenerateRequestsPerDayPerProjectPerModel-FreeTier'
      engine.respond(fails('quota-day', { quota }), fails('quota-day', { quota }), says('a'))
      assert.equal(await answer(), 'a')
      await answer()
      await clock.advance(86_400_000)
      await answer()
      assert.deepEqual(used(), ['k1 m1', 'k2 m1', 'k1 m2', 'k1 m2', 'k1 m1'])
      assert.deepEqual(warnings, [])
    })

    it('does not if the quota counts all models', async () => {
      engine.respond(fails('quota-day', { quota: 'GenerateRequestsPerDayPerProject-FreeTier', isProjectWide: true }))
      await assert.rejects(answer(), failure('quota-day'))
      assert.deepEqual(used(), ['k1 m1', 'k2 m1'])
    })

    it('uses the next model for one question when the first stays overloaded', async () => {
      engine.respond(fails('server'), fails('server'), fails('server'), says('a'))
      assert.equal(await answer(), 'a')
      await answer()
      assert.deepEqual(used(), ['k1 m1', 'k1 m1', 'k1 m1', 'k1 m2', 'k1 m1'])
    })

    it('begins with the preferred model', async () => {
      engine.respond(fails('model'), says('a'))
      for await (const _ of ask({ ...question, preferred: 'models/m9' }, options));
      assert.deepEqual(used(), ['k1 m9', 'k1 m1'])
      assert.ok(!('preferred' in engine.requests[0]))
    })
  })

  it('sends no references', async () => {
    const reference = { kind: 'image', src: 'internal:x' }
    const contents = [{ role: 'user' as const, parts: [{ text: 'a [image]' }, { reference }] }]
    for await (const _ of ask({ contents }, options));
    assert.deepEqual(engine.requests[0].contents, [{ role: 'user', parts: [{ text: 'a [image]' }] }])
  })

  it('reports thoughts of every attempt before the answer', async () => {
    const seen: string[] = []
    options.onThought = text => void seen.push(text)
    options.onAttempt = ({ error }) => void seen.push(error ? 'failed' : 'done')
    const thought = (text: string) => ({ type: 'thought' as const, text })
    engine.respond(
      [thought('a'), ...fails('server')],
      [thought('b'), { type: 'text', text: ' ' }, thought('c'), { type: 'text', text: 'd' }, thought('e'), ...says()],
    )
    await answer()
    assert.deepEqual(seen, ['a', 'failed', 'b', 'c', 'done'])
  })

  it('reports model, usage and error of every attempt', async () => {
    const attempts: object[] = []
    options.onAttempt = ({ model, usage, error }) => attempts.push([model, usage, (error as EngineError)?.kind])
    engine.respond(fails('server'), [{ type: 'usage', usage: { totalTokens: 3 } }, ...says('a')])
    await answer()
    assert.deepEqual(attempts, [['m1', undefined, 'server'], ['m1', { totalTokens: 3 }, undefined]])
    const [{ requests, failures }] = options.route.keyPool.status()
    assert.deepEqual([requests, failures], [2, 1])
  })

  it('limits output tokens to those of the model', async () => {
    options.route.models.update([{ name: 'm1', outputTokenLimit: 8192, isChatModel: true }], clock.monotonic())
    for (const maxOutputTokens of [100, 9000]) {
      for await (const _ of ask({ ...question, maxOutputTokens }, options));
    }
    assert.deepEqual(engine.requests.map(({ maxOutputTokens }) => maxOutputTokens), [100, 8192])
  })

  describe('when signatures are refused', () => {
    const signed: Question = {
      contents: [
        { role: 'user', parts: [{ text: 'hi' }] },
        { role: 'model', parts: [{ text: 'hello', native: { engine: 'gemini', fields: { thoughtSignature: 'sig' } } }, { native: { engine: 'gemini', fields: { thoughtSignature: 'sig' } } }] },
        ...question.contents,
      ],
    }

    async function put() {
      for await (const _ of ask(signed, options));
    }

    it('retries once with a portable history', async () => {
      engine.respond(fails('request', { reason: 'signatures' }), says('a'))
      await put()
      assert.deepEqual(engine.requests.map(({ contents }) => contents), [signed.contents, signed.contents])
      assert.deepEqual(engine.requests.map(({ portable }) => portable), [undefined, true])
    })

    it('does not retry twice', async () => {
      engine.respond(fails('request', { reason: 'signatures' }))
      await assert.rejects(put(), failure('request'))
      assert.equal(engine.requests.length, 2)
    })
  })

  it('stops when aborted', async () => {
    engine.respond([{ type: 'thought', text: 'hm' }, ...fails('server')])
    clock.sleep = async () => controller.abort()
    await assert.rejects(answer(), failure('aborted'))
    assert.equal(engine.requests.length, 1)
  })

  it('ends the request when the reader stops', async () => {
    engine.respond(says('a', 'b'))
    for await (const event of ask(question, options)) {
      if (event.type === 'text') break
    }
    assert.equal(engine.running, 0)
  })
})
