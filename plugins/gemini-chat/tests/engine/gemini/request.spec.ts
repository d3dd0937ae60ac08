import assert from 'node:assert/strict'
import { encodeRequest } from '../../../src/engine/gemini/request'
import type { EngineRequest } from '../../../src/engine/types'

describe('encodeRequest', () => {
  const request: EngineRequest = { model: 'gemini-3.6-flash', contents: [{ role: 'user', parts: [{ text: 'hi' }] }] }
  const encode = (fields: Partial<EngineRequest>) => encodeRequest({ ...request, ...fields })

  it('names the tools as Google does', () => {
    assert.deepEqual(encode({ tools: ['search', 'url-context', 'code-execution'] }).tools,
      [{ googleSearch: {} }, { urlContext: {} }, { codeExecution: {} }])
    assert.equal('tools' in encode({ tools: [] }), false)
  })

  it('ignores a tool it does not have', () => {
    assert.equal('tools' in encode({ tools: ['telepathy'] as never }), false)
  })

  it('writes length and thinking into the generation config', () => {
    const { generationConfig } = encode({ maxOutputTokens: 2000, thinking: { level: 'low', summaries: true } })
    assert.deepEqual(generationConfig,
      { maxOutputTokens: 2000, thinkingConfig: { thinkingLevel: 'LOW', includeThoughts: true } })
  })

  it('merges native fields into the body', () => {
    const native = { tools: [{ functionDeclarations: [] }], generationConfig: { seed: 7 }, cachedContent: 'c' }
    const body = encode({ tools: ['search'], maxOutputTokens: 5, native })
    assert.deepEqual({ ...body }, {
      contents: request.contents,
      tools: [{ googleSearch: {} }, { functionDeclarations: [] }],
      cachedContent: 'c',
      generationConfig: { maxOutputTokens: 5, seed: 7 },
    })
  })

  it('removes signatures from a portable history, and parts that held nothing else', () => {
    const native = { engine: 'gemini' as const, fields: { thoughtSignature: 'sig' } }
    const contents: EngineRequest['contents'] = [
      { role: 'model', parts: [{ text: 'hello', native }, { native }] },
    ]
    assert.deepEqual(encode({ contents }).contents,
      [{ role: 'model', parts: [{ text: 'hello', thoughtSignature: 'sig' }, { thoughtSignature: 'sig' }] }])
    assert.deepEqual(encode({ contents, portable: true }).contents, [{ role: 'model', parts: [{ text: 'hello' }] }])
  })

  it('refuses a model name that would change the path', () => {
    assert.throws(() => encode({ model: '../x' }), { kind: 'model', code: 'gemini-chat/model-not-found' })
  })
})
