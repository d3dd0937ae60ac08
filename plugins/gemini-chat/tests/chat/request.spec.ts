import assert from 'node:assert/strict'
import { fitGenerationConfig } from '../../src/engine/gemini/generation-config'
import { generationConfig, buildTools } from '../../src/chat/request'

describe('the parameters of a request', () => {
  it('are the model\'s own unless told', () => {
    assert.deepEqual(generationConfig({ thinking: 'default', outputTokens: 0 }, false), {})
    assert.deepEqual(buildTools({}), [])
  })

  it('are what the settings say', () => {
    assert.deepEqual(generationConfig({ thinking: 'low', outputTokens: 2000 }, true), {
      maxOutputTokens: 2000, thinkingConfig: { thinkingLevel: 'LOW', includeThoughts: true },
    })
    assert.deepEqual(buildTools({ search: true, urlContext: true, codeExecution: true }),
      [{ googleSearch: {} }, { urlContext: {} }, { codeExecution: {} }])
  })

  it('fit every generation of models', () => {
    const generation = generationConfig({ thinking: 'minimal', outputTokens: 0 }, false)
    assert.deepEqual(fitGenerationConfig('gemini-3.8-flash', generation), { thinkingConfig: { thinkingLevel: 'LOW' } })
    assert.deepEqual(fitGenerationConfig('gemini-3.6-flash', generation), { thinkingConfig: { thinkingLevel: 'MINIMAL' } })
    assert.deepEqual(fitGenerationConfig('gemini-2.5-flash', generation), { thinkingConfig: { thinkingBudget: 0 } })
  })
})
