import assert from 'node:assert'
import { fitGenerationConfig } from '../../../src/engine/gemini/generation-config'

const thinking = (model: string, config: object) => {
  return fitGenerationConfig(model, { thinkingConfig: config }).thinkingConfig
}

describe('fitGenerationConfig', () => {
  const sampling = { temperature: 1, topP: 0.9, topK: 40, candidateCount: 1 }

  for (const model of ['gemini-3.8-flash', 'models/gemini-3.1-pro-preview', 'gemini-4-carbon', 'gemini-flash-latest']) {
    it(`leaves sampling out for ${model}`, () => {
      assert.deepEqual(fitGenerationConfig(model, { ...sampling, seed: 1 }), { seed: 1 })
    })
  }

  for (const model of ['gemini-2.5-pro', 'gemini-2.0-flash', 'gemma-3-27b-it']) {
    it(`keeps sampling for ${model}`, () => {
      assert.deepEqual(fitGenerationConfig(model, sampling), sampling)
    })
  }

  it('keeps penalties for models that take them', () => {
    const penalties = { presencePenalty: 1, frequencyPenalty: 1 }
    assert.deepEqual(fitGenerationConfig('gemini-3.6-flash', penalties), {})
    assert.deepEqual(fitGenerationConfig('gemini-2.5-flash', penalties), {})
    assert.deepEqual(fitGenerationConfig('gemini-2.0-flash', penalties), penalties)
  })

  it('limits output to that of the model', () => {
    assert.equal(fitGenerationConfig('gemini-3.8-flash', { maxOutputTokens: 1e6 }).maxOutputTokens, 65536)
    assert.equal(fitGenerationConfig('gemini-2.0-flash', { maxOutputTokens: 1e6 }).maxOutputTokens, 8192)
    assert.equal(fitGenerationConfig('gemini-3.8-flash', { maxOutputTokens: 99.5 }).maxOutputTokens, 99)
    assert.deepEqual(fitGenerationConfig('gemini-3.8-flash', { maxOutputTokens: 0 }), {})
  })

  it('drops undefined and null', () => {
    assert.deepEqual(fitGenerationConfig('gemini-3.8-flash', { seed: undefined, stopSequences: null }), {})
    assert.deepEqual(fitGenerationConfig('gemini-3.8-flash'), {})
  })

  it('passes unknown fields', () => {
    const config = { responseModalities: ['TEXT'], mediaResolution: 'MEDIA_RESOLUTION_LOW' }
    assert.deepEqual(fitGenerationConfig('gemini-3.8-flash', config), config)
  })

  it('does not change its argument', () => {
    const config = Object.freeze({ temperature: 1, thinkingConfig: Object.freeze({ thinkingBudget: 0 }) })
    fitGenerationConfig('gemini-3.8-flash', config)
    assert.equal(config.temperature, 1)
  })
})

describe('thinking settings', () => {
  it('are a level since Gemini 3', () => {
    assert.deepEqual(thinking('gemini-3.8-flash', { thinkingLevel: 'high' }), { thinkingLevel: 'HIGH' })
    assert.deepEqual(thinking('gemini-3.8-flash', { thinkingBudget: 1000 }), { thinkingLevel: 'LOW' })
    assert.deepEqual(thinking('gemini-3.8-flash', { thinkingBudget: 5000 }), { thinkingLevel: 'MEDIUM' })
    assert.deepEqual(thinking('gemini-3.8-flash', { thinkingBudget: 99999 }), { thinkingLevel: 'HIGH' })
  })

  it('are never level and budget', () => {
    assert.deepEqual(thinking('gemini-4-argon', { thinkingLevel: 'LOW', thinkingBudget: 9000 }), { thinkingLevel: 'LOW' })
    assert.deepEqual(thinking('gemini-2.5-flash', { thinkingLevel: 'LOW', thinkingBudget: 9000 }), { thinkingBudget: 9000 })
  })

  it('leave a budget of -1 to the model', () => {
    assert.equal(thinking('gemini-3.8-flash', { thinkingBudget: -1 }), undefined)
    assert.deepEqual(thinking('gemini-2.5-flash', { thinkingBudget: -1 }), { thinkingBudget: -1 })
  })

  it('are minimal only for models that have it', () => {
    const minimal = { thinkingLevel: 'MINIMAL' }
    for (const model of ['gemini-3.6-flash', 'gemini-3.5-flash-lite', 'gemini-3-flash-preview']) {
      assert.deepEqual(thinking(model, minimal), minimal)
    }
    for (const model of ['gemini-3.8-flash', 'gemini-3.7-flash', 'gemini-3.1-pro-preview', 'gemini-4-carbon', 'new']) {
      assert.deepEqual(thinking(model, minimal), { thinkingLevel: 'LOW' })
    }
  })

  it('are a budget within bounds on Gemini 2.5', () => {
    assert.deepEqual(thinking('gemini-2.5-flash', { thinkingLevel: 'MEDIUM' }), { thinkingBudget: 8192 })
    assert.deepEqual(thinking('gemini-2.5-flash', { thinkingBudget: 0 }), { thinkingBudget: 0 })
    assert.deepEqual(thinking('gemini-2.5-flash', { thinkingBudget: 99999 }), { thinkingBudget: 24576 })
    assert.deepEqual(thinking('gemini-2.5-pro', { thinkingBudget: 0 }), { thinkingBudget: 128 })
    assert.deepEqual(thinking('gemini-2.5-pro', { thinkingBudget: 99999 }), { thinkingBudget: 32768 })
    assert.deepEqual(thinking('gemini-2.5-flash-lite', { thinkingBudget: 100 }), { thinkingBudget: 512 })
    assert.deepEqual(thinking('gemini-2.5-flash-lite', { thinkingBudget: 0 }), { thinkingBudget: 0 })
  })

  it('keep summaries', () => {
    const config = { includeThoughts: true }
    assert.deepEqual(thinking('gemini-3.8-flash', config), config)
    assert.deepEqual(thinking('gemini-2.5-pro', config), config)
  })

  it('are left out for models without thinking', () => {
    for (const model of ['gemini-2.0-flash', 'gemma-3-27b-it', 'gemini-3-pro-image', 'gemini-2.5-flash-preview-tts']) {
      assert.deepEqual(fitGenerationConfig(model, { thinkingConfig: { thinkingLevel: 'LOW', includeThoughts: true } }), {})
    }
  })

  it('ignore an unknown level', () => {
    assert.equal(thinking('gemini-3.8-flash', { thinkingLevel: 'LOTS' }), undefined)
  })
})
