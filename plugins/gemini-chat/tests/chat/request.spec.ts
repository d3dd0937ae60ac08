import assert from 'node:assert/strict'
import { sanitise } from '../../src/engine/gemini/generation-config'
import { generationOf, toolsOf } from '../../src/chat/request'

describe('the parameters of a request', () => {
  it('are the model\'s own unless told', () => {
    assert.deepEqual(generationOf({ thinking: 'default', outputTokens: 0 }, false), {})
    assert.deepEqual(toolsOf({}), [])
  })

  it('are what the settings say', () => {
    assert.deepEqual(generationOf({ thinking: 'low', outputTokens: 2000 }, true), {
      maxOutputTokens: 2000, thinkingConfig: { thinkingLevel: 'LOW', includeThoughts: true },
    })
    assert.deepEqual(toolsOf({ search: true, urlContext: true, codeExecution: true }),
      [{ googleSearch: {} }, { urlContext: {} }, { codeExecution: {} }])
  })

  it('fit every generation of models', () => {
    const generation = generationOf({ thinking: 'minimal', outputTokens: 0 }, false)
    assert.deepEqual(sanitise('gemini-3.8-flash', generation), { thinkingConfig: { thinkingLevel: 'LOW' } })
    assert.deepEqual(sanitise('gemini-3.6-flash', generation), { thinkingConfig: { thinkingLevel: 'MINIMAL' } })
    assert.deepEqual(sanitise('gemini-2.5-flash', generation), { thinkingConfig: { thinkingBudget: 0 } })
  })
})
