import assert from 'node:assert/strict'
import { scenarios } from 'testkit'
import type { WireContent } from '../../../src/engine/gemini/contents'
import type { WirePart } from '../../../src/engine/gemini/parts'
import { encodeRequest } from '../../../src/engine/gemini/request'
import type { Content, EngineRequest, Part, ToolDeclaration } from '../../../src/engine/types'
import { ask, collect, useGemini } from '../../support/gemini-engine'

const weather: ToolDeclaration = {
  name: 'get_weather',
  description: 'The weather of a city.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}

const encode = (fields: Partial<EngineRequest>) => encodeRequest({ model: 'gemini-3.6-flash', contents: ask('hi'), ...fields })

const signed = (thoughtSignature: string) => ({ engine: 'gemini' as const, fields: { thoughtSignature } })

/** A question, calls in parallel, and their results. */
function round(calls: Part[], ...results: Part[]): Content[] {
  return [...ask('q'), { role: 'model', parts: calls }, { role: 'tool', parts: results }]
}

const call = (id: string, rest: Partial<Part> = {}): Part => ({ toolCall: { id, name: 'f', arguments: { n: id } }, ...rest })
const result = (id: string, isError?: boolean): Part => ({ toolResult: { id, name: 'f', content: `r${id}`, isError } })

describe('tools in requests to Gemini', () => {
  it('are declared', () => {
    assert.deepEqual(encode({ toolDeclarations: [weather] }).tools, [{ functionDeclarations: [weather] }])
    const { toolConfig } = encode({ toolDeclarations: [weather], toolChoice: 'none' })
    assert.deepEqual(toolConfig, { functionCallingConfig: { mode: 'NONE' } })
  })

  it('take the form that Gemini has for their arguments', () => {
    const schemas: [ToolDeclaration['parameters'], 'parameters' | 'parametersJsonSchema' | undefined][] = [
      [{ type: 'object', properties: {} }, undefined],
      [{}, undefined],
      [{ type: 'object', properties: { a: { type: 'array', items: { type: 'integer', minimum: 1 } } } }, 'parameters'],
      [{ $schema: 'x', type: 'object', properties: { a: { type: 'string' } } }, 'parametersJsonSchema'],
      [{ type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false }, 'parametersJsonSchema'],
      [{ type: 'object', properties: { a: { type: ['string', 'null'] } } }, 'parametersJsonSchema'],
      [{ type: 'object', properties: { a: { $ref: '#/$defs/a' } } }, 'parametersJsonSchema'],
      [{ type: 'object', properties: { a: { items: { const: 1 } } } }, 'parametersJsonSchema'],
      [{ type: 'object', properties: { a: { enum: [1, 2] } } }, 'parametersJsonSchema'],
    ]
    for (const [parameters, field] of schemas) {
      const { tools } = encode({ toolDeclarations: [{ ...weather, parameters }] })
      const { name, description } = weather
      assert.deepEqual(tools, [{ functionDeclarations: [{ name, description, ...field && { [field]: parameters } }] }])
    }
  })

  it('stand beside those of Google where the model takes both', () => {
    const both: Partial<EngineRequest> = { tools: ['search'], toolDeclarations: [weather] }
    const combined = encode(both)
    assert.deepEqual(combined.tools, [{ googleSearch: {} }, { functionDeclarations: [weather] }])
    assert.deepEqual(combined.toolConfig, { includeServerSideToolInvocations: true })
    const old = encode({ ...both, model: 'gemini-2.5-flash' })
    assert.deepEqual([old.tools, old.toolConfig], [[{ functionDeclarations: [weather] }], undefined])
  })

  it('are text for a model without tools', () => {
    const contents = round([call('1')], result('1'))
    const body = encode({ contents, toolDeclarations: [weather], without: ['tools'] })
    assert.deepEqual([body.tools, body.toolConfig], [undefined, undefined])
    assert.deepEqual(body.contents.map(({ role, parts }) => [role, parts[0].text]), [
      ['user', 'q'], ['model', '[call of f: {"n":"1"}]'], ['user', '[result of f]\nr1'],
    ])
  })

  it('have their results after the calls, in one message, with ids', () => {
    const [question, calls, results] = round([call('1', { native: signed('s') }), call('2')], result('2', true))
    const contents = [question, calls, { role: 'tool' as const, parts: [result('1')] }, results]
    assert.deepEqual(encode({ contents }).contents, [
      { role: 'user', parts: [{ text: 'q' }] },
      {
        role: 'model',
        parts: [
          { functionCall: { id: '1', name: 'f', args: { n: '1' } }, thoughtSignature: 's' },
          { functionCall: { id: '2', name: 'f', args: { n: '2' } } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { id: '1', name: 'f', response: { output: 'r1' } } },
          { functionResponse: { id: '2', name: 'f', response: { error: 'r2' } } },
        ],
      },
    ])
  })

  it('carry a sign in place of a signature in the current turn only, where the model wants one', () => {
    const contents = [
      ...round([call('1')], result('1')), { role: 'model' as const, parts: [{ text: 'a' }] },
      ...round([call('2'), call('3')], result('2'), result('3')),
    ]
    const signatures = (fields: Partial<EngineRequest>) => {
      const parts = encode({ contents, ...fields }).contents.flatMap(({ parts }) => parts as WirePart[])
      return parts.filter(({ functionCall }) => functionCall).map(({ thoughtSignature }) => thoughtSignature)
    }
    assert.deepEqual(signatures({}), [undefined, 'skip_thought_signature_validator', undefined])
    assert.deepEqual(signatures({ model: 'gemini-2.5-pro' }), [undefined, undefined, undefined])
    const refused = round([call('1', { native: signed('broken') })], result('1'))
    assert.deepEqual(signatures({ contents: refused }), ['broken'])
    assert.deepEqual(signatures({ contents: refused, portable: true }), ['skip_thought_signature_validator'])
  })

  it('lose calls without a result and results without a call', () => {
    const alone: Content[] = [
      ...ask('a'), { role: 'model', parts: [{ text: 'hm' }, call('1')] },
      ...ask('b'), { role: 'model', parts: [call('2'), call('3')] },
      { role: 'tool', parts: [result('3'), result('4')] }, { role: 'model', parts: [{ text: 'ok' }] },
      { role: 'tool', parts: [result('2')] }, ...ask('c'),
    ]
    const kept = (encode({ contents: alone, model: 'gemini-2.5-flash' }).contents as WireContent[])
      .map(({ parts }) => parts.map(part => part.text ?? (part.functionCall ?? part.functionResponse)?.id).join('+'))
    assert.deepEqual(kept, ['a', 'hm', 'b', '3', '3', 'ok', 'c'])
  })
})

describe('calls of tools by Gemini', () => {
  const context = useGemini()

  it('are whole parts that end the answer, several in parallel', async () => {
    const calls = [{ name: 'f', args: { a: 1 } }, { id: 'g-1', name: 'g' }]
    const signature = { thoughtSignature: 'c2ln' }
    context.gemini.respond(scenarios.text({ functionCall: calls[0], ...signature }, { functionCall: calls[1] }))
    const { parts, reason, text } = await collect(context.engine, { toolDeclarations: [weather] })
    const [first, second] = parts.filter(part => part.toolCall)
    assert.deepEqual([reason, text], ['tools', ''])
    assert.match(first.toolCall!.id, /./)
    assert.deepEqual([first.toolCall, first.native], [{ ...first.toolCall, name: 'f', arguments: { a: 1 } }, signed('c2ln')])
    assert.deepEqual(second, { toolCall: { id: 'g-1', name: 'g', arguments: {} } })

    const results = [first.toolCall!, second.toolCall!].map(({ id, name }) => ({ toolResult: { id, name, content: 'ok' } }))
    await collect(context.engine, { contents: round(parts, ...results) })
    const [, answer, response] = context.gemini.requests.at(-1)!.body.contents
    assert.deepEqual(answer.parts.filter((part: object) => 'functionCall' in part), [
      { functionCall: { name: 'f', args: { a: 1 } }, ...signature }, { functionCall: { id: 'g-1', name: 'g', args: {} } },
    ])
    assert.deepEqual(response.parts, [
      { functionResponse: { name: 'f', response: { output: 'ok' } } },
      { functionResponse: { id: 'g-1', name: 'g', response: { output: 'ok' } } },
    ])
  })
})
