import assert from 'node:assert/strict'
import { FakeClock, settle } from 'common/testing'
import { scenarios } from 'testkit'
import type { Scenario } from 'testkit'
import { createGeminiEngine } from '../../../../src/engine/gemini'
import type { EngineErrorKind } from '../../../../src/engine/error'
import { collect, limits, useGemini } from '../../../support/gemini-engine'

const chunk = (text: string, finishReason?: unknown) => ({
  candidates: [{ content: { role: 'model' as const, parts: [{ text }] }, finishReason: finishReason as string }],
})

describe('the end of an answer', () => {
  const context = useGemini()

  async function read(scenario: Scenario) {
    context.gemini.respond(scenario)
    const { text, reason, error } = await collect(context.engine)
    return [text, error ? error.kind : reason, error?.detail]
  }

  const whole: [string, Scenario, string][] = [
    ['a reason on every chunk', scenarios.endedEach('STOP', '甲', '乙'), 'stop'],
    ['a reason on the first chunk only', { events: [chunk('甲', 'STOP'), chunk('乙')] }, 'other'],
    ['an early filter that did not stop it', { events: [chunk('甲', 'SAFETY'), chunk('乙', 'STOP')] }, 'stop'],
    ['an early limit that did not stop it', { events: [chunk('甲', 'MAX_TOKENS'), chunk('乙', 'STOP')] }, 'stop'],
    ['no reason at all', scenarios.unended('甲', '乙'), 'other'],
    ['an empty reason', scenarios.endedBy('', '甲', '乙'), 'other'],
    ['a reason that says nothing', scenarios.endedBy('FINISH_REASON_UNSPECIFIED', '甲', '乙'), 'other'],
    ['a reason of null', scenarios.endedBy(null, '甲', '乙'), 'other'],
    ['a reason in lower case', scenarios.endedBy('stop', '甲', '乙'), 'stop'],
    ['the number of a reason', scenarios.endedBy(1, '甲', '乙'), 'stop'],
    ['the number of the token limit', scenarios.endedBy(2, '甲', '乙'), 'length'],
    ['the token limit', scenarios.endedBy('MAX_TOKENS', '甲', '乙'), 'length'],
    ['the token limit in the words of others', scenarios.endedBy('length', '甲', '乙'), 'length'],
    ['token counts after the reason', { events: [chunk('甲'), chunk('乙', 'STOP'), { usageMetadata: { promptTokenCount: 1, totalTokenCount: 3 } }] }, 'stop'],
    ['a blank chunk after the reason', { events: [chunk('甲'), chunk('乙', 'STOP'), chunk('')] }, 'stop'],
  ]

  for (const [name, scenario, reason] of whole) {
    it(`is complete with ${name}`, async () => assert.deepEqual(await read(scenario), ['甲乙', reason, undefined]))
  }

  for (const detail of ['OTHER', 'MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL', 'TOO_MANY_TOOL_CALLS',
    'MALFORMED_RESPONSE', 'IMAGE_OTHER', 'NO_IMAGE', 'MISSING_THOUGHT_SIGNATURE', 'A_NAME_OF_TOMORROW']) {
    it(`is missing after ${detail}`, async () => {
      assert.deepEqual(await read(scenarios.endedBy(detail, '甲', '乙')), ['甲乙', 'incomplete', detail])
    })
  }

  it('is missing after the number of OTHER, and of a reason of tomorrow', async () => {
    assert.deepEqual((await read(scenarios.endedBy(5, '甲')))[1], 'incomplete')
    assert.deepEqual((await read(scenarios.endedBy(99, '甲')))[1], 'incomplete')
  })

  const breaks: [string, Scenario, EngineErrorKind][] = [
    ['a connection that breaks', { ...scenarios.endedEach('STOP', '甲', '乙'), end: 'drop' }, 'network'],
    ['an error event', { events: [chunk('甲'), chunk('乙', 'STOP'), scenarios.overloaded().body as never] }, 'server'],
    ['bare JSON of an error', scenarios.bareErrorAfter(scenarios.endedEach('STOP', '甲', '乙'), scenarios.overloaded().body as never), 'server'],
    ['a filter', { events: [chunk('甲', 'STOP'), chunk('乙', 'SAFETY')] }, 'blocked'],
  ]

  for (const [name, scenario, kind] of breaks) {
    it(`does not hide ${name} after a reason`, async () => assert.deepEqual((await read(scenario)).slice(0, 2), ['甲乙', kind]))
  }

  describe('of a stream that stays open', () => {
    /** What is known of an answer after `ms` of silence. */
    async function silent(scenario: Scenario, chunks: number, ms: number, request = {}) {
      const clock = new FakeClock()
      const timeouts = { ...limits, idleTimeout: 60_000, totalTimeout: 0 }
      const engine = createGeminiEngine({ ...timeouts, baseUrl: context.gemini.url, clock })
      context.gemini.respond(scenario)
      let seen = 0
      let arrived!: () => void
      const all = new Promise<void>(resolve => arrived = resolve)
      let outcome: unknown
      const pending = collect(engine, request, {}, ({ type }) => {
        if (type === 'text' && ++seen === chunks) arrived()
      }).then(({ text, reason, error }) => outcome = [text, error?.kind ?? reason])
      await all
      await new Promise(resolve => setTimeout(resolve, 50))
      await clock.advance(ms)
      // The end needs no more than what is on its way within this process.
      for (let turns = 0; turns < 100; turns++) await settle()
      const known = outcome
      engine.dispose()
      await pending
      return known
    }

    it('comes shortly after a chunk that can be the last', async () => {
      assert.deepEqual(await silent({ ...scenarios.text('甲', '乙'), end: 'hang' }, 2, 2000), ['甲乙', 'stop'])
    })

    it('is waited for where every chunk has a reason, tools run, or nothing is counted', async () => {
      const { events = [] } = scenarios.text('甲', '乙')
      const ran = scenarios.text([{ executableCode: { language: 'PYTHON', code: '1' } } as never, '甲'], '乙')
      for (const [scenario, chunks, request] of [
        [scenarios.endedEach('STOP', '甲'), 1, {}],
        [scenarios.endedEach('STOP', '甲', '乙'), 2, {}],
        [{ events: [...events, ...scenarios.text('丙').events!] }, 3, {}],
        [scenarios.uncounted('甲', '乙'), 2, {}],
        [scenarios.text('甲', '乙'), 2, { tools: ['search'] }],
        [ran, 3, {}],
      ] as [Scenario, number, object][]) {
        assert.equal(await silent({ ...scenario, end: 'hang' }, chunks, 20_000, request), undefined)
      }
    })

    it('comes with the idle limit at the latest, if a reason is the last word', async () => {
      assert.deepEqual(await silent({ ...scenarios.endedEach('STOP', '甲'), end: 'hang' }, 1, 60_000), ['甲', 'stop'])
      assert.deepEqual(await silent({ ...scenarios.unended('甲'), end: 'hang' }, 1, 60_000), ['甲', 'timeout'])
      assert.deepEqual(await silent({ ...scenarios.endedEach('STOP', '甲', '乙'), end: 'hang' }, 2, 60_000), ['甲乙', 'timeout'])
    })
  })
})
