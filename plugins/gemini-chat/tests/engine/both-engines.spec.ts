import assert from 'node:assert/strict'
import { until } from 'common/testing'
import { createGemini, createOpenAi, openAiError, openAiScenarios, scenarios } from 'testkit'
import type { Scenario } from 'testkit'
import { createGeminiEngine } from '../../src/engine/gemini'
import type { WirePart } from '../../src/engine/gemini/parts'
import { createOpenAiEngine } from '../../src/engine/openai'
import type { Content, Engine, EngineRequest } from '../../src/engine/types'
import { ask, collect, limits } from '../support/gemini-engine'
import type { Outcome } from '../support/gemini-engine'

const tool = { name: 'weather', description: 'The weather.', parameters: { type: 'object', properties: { city: { type: 'string' } } } }
const png = { mimeType: 'image/png', data: 'iVBORw0KGgo=' }
const poem = Array.from({ length: 500 }, (_, index) => `第${index}行\n`)

interface Mock {
  url: string
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  requests: { body: any, aborted: boolean }[]
  respond(...scenarios: Scenario[]): void
  close(): Promise<void>
}

type Situation =
  | 'plain' | 'long' | 'thoughts' | 'tools' | 'length' | 'filtered' | 'limited' | 'key' | 'context' | 'broken' | 'hanging'
  | 'empty' | 'page' | 'midway'

interface Kit {
  create(): Promise<Mock>
  engine(baseUrl: string): Engine
  model: string
  situations: Record<Situation, Scenario>
  /** The texts, pictures, calls and results of a request, as `role: what`. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  sent(body: any): string[]
}

const o = openAiScenarios
const calls = [['a', 'Bonn'], ['b', 'Köln']]

const kits: Record<string, Kit> = {
  Gemini: {
    create: createGemini,
    engine: baseUrl => createGeminiEngine({ ...limits, baseUrl }),
    model: 'gemini-3.8-flash',
    situations: {
      plain: scenarios.text('你', '好'),
      long: scenarios.text(...poem),
      thoughts: scenarios.thinking('hm', 'ok'),
      tools: scenarios.text(...calls.map(([id, city]) => ({ functionCall: { id, name: 'weather', args: { city } } }))),
      length: scenarios.maxTokens('cut'),
      filtered: scenarios.safety('half'),
      limited: scenarios.rateLimited(3),
      key: scenarios.badKey(),
      context: scenarios.tooLong(9000, 8192),
      broken: scenarios.dropped('half'),
      hanging: scenarios.stalled('half'),
      empty: scenarios.empty(),
      page: scenarios.page('Login'),
      midway: scenarios.overloadedMidway('half'),
    },
    sent: body => (body.contents as { role: string, parts: WirePart[] }[]).flatMap(({ role, parts }) => {
      return parts.map(({ text, inlineData, functionCall, functionResponse }) => {
        const what = text ?? (inlineData ? 'picture' : (functionCall ?? functionResponse)?.id)
        return `${functionResponse ? 'tool' : role}: ${what}`
      })
    }),
  },
  OpenAI: {
    create: createOpenAi,
    engine: baseUrl => createOpenAiEngine({ ...limits, baseUrl }),
    model: 'model',
    situations: {
      plain: o.text('你', '好'),
      long: o.text(...poem),
      thoughts: o.text({ reasoning_content: 'hm' }, 'ok'),
      tools: o.calls(...calls.map(([id, city]) => ({ id, name: 'weather', arguments: JSON.stringify({ city }) }))),
      length: o.answer(['cut'], 'length'),
      filtered: o.answer(['half'], 'content_filter'),
      limited: o.rateLimited(3),
      key: o.badKey(),
      context: o.tooLong(),
      broken: o.unfinished('drop', 'half'),
      hanging: o.unfinished('hang', 'half'),
      empty: o.text(''),
      page: scenarios.page('Login'),
      midway: o.failingMidway(openAiError('overloaded', 'server_error'), 'half'),
    },
    sent: ({ messages }) => messages.flatMap(({ role, content, tool_calls: calls = [], tool_call_id: id }: {
      role: string
      content: string | { type: string, text?: string }[] | null
      tool_calls?: { id: string }[]
      tool_call_id?: string
    }) => {
      const shown = role === 'assistant' ? 'model' : role
      if (id) return [`tool: ${id}`]
      const parts = typeof content === 'string' ? [content] : content?.map(({ text }) => text ?? 'picture') ?? []
      return [...parts, ...calls.map(({ id }) => id)].map(what => `${shown}: ${what}`)
    }),
  },
}

/** What a conversation has to come to, whatever the engine. */
const outcomes: [string, Situation, Partial<Outcome>, Partial<NonNullable<Outcome['error']>>?][] = [
  ['a plain answer', 'plain', { text: '你好', reason: 'stop' }],
  ['a long answer', 'long', { text: poem.join(''), reason: 'stop' }],
  ['an answer with thoughts', 'thoughts', { text: 'ok', thoughts: 'hm', reason: 'stop' }],
  ['an answer at its token limit', 'length', { text: 'cut', reason: 'length' }],
  ['an answer that a filter stopped', 'filtered', { text: 'half' }, { kind: 'blocked', reason: 'answer' }],
  ['a rate limit', 'limited', { text: '' }, { kind: 'rate', retryAfter: 3000, retryable: true }],
  ['a wrong key', 'key', {}, { kind: 'auth' }],
  ['a conversation that is too long', 'context', {}, { kind: 'request', reason: 'context', tokenLimit: 8192 }],
  ['a broken connection', 'broken', { text: 'half' }, { kind: 'network' }],
  ['an empty answer', 'empty', {}, { kind: 'empty', retryable: true }],
  ['a page in place of an answer', 'page', {}, { kind: 'protocol' }],
  ['an error within the stream', 'midway', { text: 'half' }, { kind: 'server', retryable: true }],
]

for (const [name, kit] of Object.entries(kits)) {
  describe(`the ${name} engine, like every engine`, () => {
    let mock: Mock
    let engine: Engine

    beforeEach(async () => {
      mock = await kit.create()
      engine = kit.engine(mock.url)
    })

    afterEach(async () => {
      engine.dispose()
      await mock.close()
    })

    const put = (request: Partial<EngineRequest> = {}) => collect(engine, { model: kit.model, ...request })

    for (const [what, situation, expected, error] of outcomes) {
      it(`reports ${what}`, async () => {
        mock.respond(kit.situations[situation])
        const outcome = await put()
        assert.deepEqual({ ...outcome, ...expected }, outcome)
        assert.equal(!outcome.error, !error)
        for (const [field, value] of Object.entries(error ?? {})) {
          assert.deepEqual(outcome.error![field as keyof NonNullable<Outcome['error']>], value, field)
        }
        assert.equal(outcome.events.some(({ type }) => type === 'end'), !error)
      })
    }

    it('answers after a rate limit', async () => {
      mock.respond(kit.situations.limited, kit.situations.plain)
      assert.equal((await put()).error?.kind, 'rate')
      assert.equal((await put()).text, '你好')
    })

    it('ends a request that is cancelled', async () => {
      mock.respond(kit.situations.hanging)
      const controller = new AbortController()
      const { error } = await collect(engine, { model: kit.model }, { signal: controller.signal }, ({ type }) => {
        if (type === 'text') controller.abort()
      })
      assert.equal(error?.kind, 'aborted')
      await until(() => mock.requests[0].aborted)
    })

    it('sends a picture with its question', async () => {
      await put({ contents: [{ role: 'user', parts: [{ text: 'see' }, { file: png }] }], system: 'short' })
      assert.deepEqual(kit.sent(mock.requests[0].body).filter(line => !line.startsWith('system')), ['user: see', 'user: picture'])
    })

    it('calls tools in parallel, and takes their results', async () => {
      mock.respond(kit.situations.tools, kit.situations.plain)
      const { parts, reason } = await put({ toolDeclarations: [tool] })
      assert.equal(reason, 'tools')
      assert.deepEqual(parts.flatMap(({ toolCall }) => toolCall ?? []), calls.map(([id, city]) => {
        return { id, name: 'weather', arguments: { city } }
      }))
      const results = calls.map(([id]) => ({ toolResult: { id, name: 'weather', content: 'sunny' } }))
      const contents: Content[] = [...ask('q'), { role: 'model', parts }, { role: 'tool', parts: results }]
      assert.equal((await put({ contents, toolDeclarations: [tool] })).text, '你好')
      assert.deepEqual(kit.sent(mock.requests[1].body), ['user: q', 'model: a', 'model: b', 'tool: a', 'tool: b'])
    })

    it('leaves out a call whose tool was never run', async () => {
      mock.respond(kit.situations.tools, kit.situations.plain)
      const { parts } = await put({ toolDeclarations: [tool] })
      const contents: Content[] = [...ask('q'), { role: 'model', parts: [{ text: 'a' }, ...parts] }, ...ask('next')]
      assert.equal((await put({ contents })).error, undefined)
      assert.deepEqual(kit.sent(mock.requests[1].body), ['user: q', 'model: a', 'user: next'])
    })

    for (const [writer, other] of Object.entries(kits)) {
      it(`goes on with a conversation that the ${writer} engine has written`, async () => {
        const first = await other.create()
        const writing = other.engine(first.url)
        try {
          const contents: Content[] = []
          for (const situation of ['thoughts', 'tools', 'plain'] as const) {
            first.respond(other.situations[situation])
            const { parts } = await collect(writing, { model: other.model })
            const results = parts.flatMap(({ toolCall: call }) => call ? [{ toolResult: { id: call.id, name: call.name, content: 'x' } }] : [])
            contents.push(...ask('q'), { role: 'model', parts }, ...results.length ? [{ role: 'tool' as const, parts: results }] : [])
          }
          mock.respond(kit.situations.plain)
          const stored = JSON.parse(JSON.stringify([...contents, ...ask('next')])) as Content[]
          assert.equal((await put({ contents: stored, toolDeclarations: [tool] })).text, '你好')
          assert.deepEqual(kit.sent(mock.requests[0].body).join(' ').replace(/model: 你 model: 好/, 'model: 你好'), [
            'user: q', 'model: ok', 'user: q', 'model: a', 'model: b', 'tool: a', 'tool: b', 'user: q', 'model: 你好', 'user: next',
          ].join(' '))
        } finally {
          writing.dispose()
          await first.close()
        }
      })
    }
  })
}
