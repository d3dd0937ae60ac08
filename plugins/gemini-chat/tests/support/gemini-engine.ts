import type { Gemini } from 'testkit'
import { createGemini } from 'testkit'
import { EngineError } from '../../src/engine/error'
import type { GeminiOptions } from '../../src/engine/gemini'
import { createGeminiEngine } from '../../src/engine/gemini'
import type { Content, Engine, EngineEvent, EngineOptions, EngineRequest, Part } from '../../src/engine/types'

/** The outcome of one request. */
export interface Outcome {
  events: EngineEvent[]
  text: string
  thoughts: string
  parts: Part[]
  /** How the stream ended: with a reason or an error. */
  reason?: string
  error?: EngineError
}

/** Long enough for a busy machine. */
export const limits = { firstByteTimeout: 60_000, idleTimeout: 60_000, totalTimeout: 120_000 }

export const ask = (text: string): Content[] => [{ role: 'user', parts: [{ text }] }]

export const engineOptions = () => ({ signal: new AbortController().signal, key: 'test-key-0123456789' })

const noop = (_: EngineEvent) => {}

/** Sends a request and collects all events until the end or an error. */
export async function collect(
  engine: Engine, request: Partial<EngineRequest> = {}, options: Partial<EngineOptions> = {}, on = noop,
): Promise<Outcome> {
  const outcome: Outcome = { events: [], text: '', thoughts: '', parts: [] }
  try {
    const whole = { model: 'gemini-3.8-flash', contents: ask('你好'), ...request }
    for await (const event of engine.stream(whole, { ...engineOptions(), ...options })) {
      outcome.events.push(event)
      if (event.type === 'text') outcome.text += event.text
      if (event.type === 'thought') outcome.thoughts += event.text
      if (event.type === 'part') outcome.parts.push(event.part)
      if (event.type === 'end') outcome.reason = event.reason
      on(event)
    }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    outcome.error = error
  }
  return outcome
}

/** A mock of the Gemini API and an engine that uses it, for the specs of a suite. */
export function useGemini(options: Partial<GeminiOptions> = {}) {
  const context = {} as { gemini: Gemini, engine: Engine }
  beforeEach(async () => {
    context.gemini = await createGemini()
    context.engine = createGeminiEngine({ ...limits, ...options, baseUrl: context.gemini.url })
  })
  afterEach(async () => {
    context.engine.dispose()
    await context.gemini.close()
  })
  return context
}
