import assert from 'node:assert/strict'
import { answerOptions, enabledTools } from '../../src/chat/request'
import { fitGenerationConfig } from '../../src/engine/gemini/generation-config'
import { generationConfigOf } from '../../src/engine/gemini/request'

describe('the options of a request', () => {
  it('leave everything to the model unless the settings say otherwise', () => {
    assert.deepEqual(answerOptions({ thinking: 'default', outputTokens: 0 }, false), {})
    assert.deepEqual(enabledTools({}), [])
  })

  it('follow the settings', () => {
    assert.deepEqual(answerOptions({ thinking: 'low', outputTokens: 2000 }, true), {
      maxOutputTokens: 2000, thinking: { level: 'low', summaries: true },
    })
    assert.deepEqual(enabledTools({ search: true, urlContext: true, codeExecution: true }),
      ['search', 'url-context', 'code-execution'])
  })

  it('become what each generation of Gemini models takes', () => {
    const config = generationConfigOf(answerOptions({ thinking: 'minimal', outputTokens: 0 }, false))
    assert.deepEqual(fitGenerationConfig('gemini-3.8-flash', config), { thinkingConfig: { thinkingLevel: 'LOW' } })
    assert.deepEqual(fitGenerationConfig('gemini-3.6-flash', config), { thinkingConfig: { thinkingLevel: 'MINIMAL' } })
    assert.deepEqual(fitGenerationConfig('gemini-2.5-flash', config), { thinkingConfig: { thinkingBudget: 0 } })
  })
})
