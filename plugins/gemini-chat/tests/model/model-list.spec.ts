import assert from 'node:assert/strict'
import { createGemini } from 'testkit'
import type { Gemini } from 'testkit'
import { createGeminiEngine } from '../../src/engine/gemini'
import { googleQuotaCalendar } from '../../src/engine/gemini/quota-calendar'
import type { Engine } from '../../src/engine/types'
import { parseKeys, KeyPool } from '../../src/model/key-pool'
import { refreshModels, ModelList, keepModelsFresh } from '../../src/model/model-list'
import { FakeClock, settle } from 'common/testing'

describe('ModelList', () => {
  let warnings: string[]
  let models: ModelList
  const logger = { warn: (...args: unknown[]) => void warnings.push(args.join(' ')) }
  const info = (name: string) => ({ name, isChatModel: true, inputTokenLimit: 1000, outputTokenLimit: 100 })

  beforeEach(() => {
    warnings = []
    models = new ModelList(['m1', 'models/m2', 'm1', '', 'm3'], logger)
  })

  it('orders models as configured, a preferred one first', () => {
    assert.deepEqual(models.order(), ['m1', 'm2', 'm3'])
    assert.deepEqual(models.order('models/m3'), ['m3', 'm1', 'm2'])
    assert.deepEqual(models.order('m9'), ['m9', 'm1', 'm2', 'm3'])
  })

  it('puts models that are gone last, and logs them once', () => {
    models.markGone('m1', 'm2')
    models.markGone('m1', 'm2')
    assert.deepEqual(models.order(), ['m2', 'm3', 'm1'])
    assert.deepEqual(warnings, ['model %s is not available, using %s m1 m2'])
  })

  it('compares models with the list', () => {
    models.update([info('m2'), info('m4')], 0)
    assert.deepEqual(models.order(), ['m2', 'm1', 'm3'])
    assert.equal(warnings.length, 2)
    models.update([info('m1'), info('m2'), info('m3')], 0)
    assert.deepEqual(models.order(), ['m1', 'm2', 'm3'])
    assert.equal(warnings.length, 2)
  })

  it('ignores an empty list, and aliases in any list', () => {
    models.update([], 0)
    assert.deepEqual(models.order(), ['m1', 'm2', 'm3'])
    const alias = new ModelList(['gemini-flash-latest', 'm1'], logger)
    alias.update([info('m1')], 0)
    assert.deepEqual(alias.order(), ['gemini-flash-latest', 'm1'])
    assert.deepEqual(warnings, [])
  })

  it('knows limits once a list was received', () => {
    assert.deepEqual([models.limitsOf('m1'), models.inputTokenLimit], [{}, Infinity])
    assert.deepEqual(models.status().map(({ isListed }) => isListed), [undefined, undefined, undefined])
    models.update([info('m1'), info('m4')], 0)
    assert.equal(models.limitsOf('models/m1').inputTokenLimit, 1000)
    assert.equal(models.inputTokenLimit, 1000)
    assert.deepEqual(models.status().map(({ name, isListed }) => `${name} ${isListed}`), ['m1 true', 'm2 false', 'm3 false'])
  })
})

describe('refreshModels', () => {
  let gemini: Gemini
  let engine: Engine
  let clock: FakeClock
  let controller: AbortController
  let warnings: string[]
  let models: ModelList
  const keyPool = new KeyPool(parseKeys({ apiKeys: ['key-of-this-test'] }), new FakeClock(), googleQuotaCalendar)
  const options = () => ({ engine, keyPool, models, clock, signal: controller.signal })
  const quiet = { debug() {} }

  beforeEach(async () => {
    gemini = await createGemini({ models: ['gemini-3.6-flash'] })
    engine = createGeminiEngine({ baseUrl: gemini.url, firstByteTimeout: 60_000, idleTimeout: 0, totalTimeout: 0 })
    clock = new FakeClock()
    controller = new AbortController()
    warnings = []
    models = new ModelList(['gemini-3.8-flash', 'gemini-3.6-flash'], {
      warn: (...args: unknown[]) => void warnings.push(args.join(' ')),
    })
  })

  afterEach(async () => {
    controller.abort()
    engine.dispose()
    await gemini.close()
  })

  async function until(count: number) {
    while (gemini.requests.length < count) await settle()
    await gemini.requests[count - 1].closed
    while (gemini.requests.some(({ finished }) => !finished)) await settle()
  }

  it('finds models that are gone', async () => {
    await refreshModels(options())
    assert.deepEqual(models.order(), ['gemini-3.6-flash', 'gemini-3.8-flash'])
    assert.equal(models.limitsOf('gemini-3.6-flash').inputTokenLimit, 1048576)
    assert.equal(warnings.length, 1)
  })

  it('fetches the list once for several callers in a row', async () => {
    await refreshModels(options())
    await refreshModels(options())
    assert.equal(gemini.requests.length, 1)
    await clock.advance(600_000)
    await refreshModels(options())
    assert.equal(gemini.requests.length, 2)
  })

  it('runs in the background once a day until aborted', async () => {
    const done = keepModelsFresh(options(), quiet)
    await clock.advance(29_000)
    assert.equal(gemini.requests.length, 0)
    await clock.advance(1000)
    await until(1)
    while (clock.sleeps.length < 2) await settle()
    assert.deepEqual(clock.sleeps, [30_000, 86_400_000])
    await clock.advance(86_400_000)
    await until(2)
    controller.abort()
    await done
  })

  it('logs failures at debug level only', async () => {
    gemini.respondTo('models', { status: 500, body: 'no' })
    void keepModelsFresh(options(), quiet)
    await clock.advance(30_000)
    await until(1)
    while (clock.sleeps.length < 2) await settle()
    assert.deepEqual(models.order(), ['gemini-3.8-flash', 'gemini-3.6-flash'])
    assert.deepEqual(warnings, [])
  })
})
