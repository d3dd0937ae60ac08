import assert from 'node:assert/strict'
import type { Session } from 'koishi'
import type { Outcome } from '../../src'
import { OutcomeMeter, reportRefusal } from '../../src/chat/outcome'
import { EngineError } from '../../src/engine/error'

describe('gemini/outcome', () => {
  const emitted: Outcome[] = []
  let now = 0
  const context = {
    clock: { monotonic: () => now },
    ctx: { emit: (_: Session, name: string, outcome: Outcome) => name === 'gemini/outcome' && emitted.push(outcome) },
  } as unknown as ConstructorParameters<typeof OutcomeMeter>[0]
  const session = {} as Session
  const usage = { inputTokens: 10, outputTokens: 4, thinkingTokens: 3 }

  function measure(text: boolean, error?: unknown, signal = new AbortController().signal): Outcome {
    now = 1000
    const meter = new OutcomeMeter(context, session)
    now = 1250.4
    if (text) meter.text()
    now = 1500
    if (text) meter.text()
    meter.end({ model: 'm', usage }, signal, error)
    return emitted.pop()!
  }

  it('tells model, tokens and times of an answer', () => {
    assert.deepEqual(measure(true),
      { result: 'answered', model: 'm', promptTokens: 10, answerTokens: 7, ms: 500, firstTextMs: 250 })
  })

  it('tells an interrupted answer from one that never began, with the kind of the error', () => {
    const error = new EngineError('network', 'gone')
    const [interrupted, failed] = [measure(true, error), measure(false, error)]
    assert.deepEqual([interrupted.result, interrupted.reason], ['interrupted', 'network'])
    assert.deepEqual([failed.result, failed.reason, failed.firstTextMs], ['failed', 'network', undefined])
  })

  it('tells an answer that the user has stopped', () => {
    const { result, reason } = measure(true, new EngineError('network', 'aborted'), AbortSignal.abort())
    assert.deepEqual([result, reason], ['stopped', undefined])
  })

  it('tells why a question was refused', () => {
    reportRefusal(context, session, 'limits.user-rate')
    assert.deepEqual(emitted.pop(), { result: 'refused', reason: 'limits.user-rate', promptTokens: 0, answerTokens: 0, ms: 0 })
  })
})
