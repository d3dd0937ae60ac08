import type { SecureContextOptions } from 'node:tls'
import type { Clock } from '../util/clock'
import type { Config } from '../config'
import { classify } from '../engine/gemini/classify-error'
import { GeminiError } from '../engine/error'
import type { Engine, EngineOptions } from '../engine/types'
import { localTime } from '../util/local-time'
import type { Key, Ring } from '../model/key-pool'
import type { Models } from '../model/model-list'
import { examineConnection } from './connection'
import { bad, note, ok } from './finding'
import type { Finding } from './finding'

export interface Patient {
  config: Pick<Config, 'baseUrl' | 'proxy'>
  engine: Engine
  ring: Ring
  models: Models
  clock: Clock
  ca?: SecureContextOptions['ca']
  signal: AbortSignal
  /** Milliseconds for one request; 20,000 unless told. */
  patience?: number
}

/** More keys than these are taken to be well. */
const MOST_KEYS = 10

/** Looks at everything between here and an answer, in the order in which it can fail. Never throws. */
export async function* examine(patient: Patient): AsyncGenerator<Finding> {
  const { config, ring, ca, clock, patience = 20_000, signal } = patient
  const connection = { ...config, ca, patience, signal, now: () => clock.now() }
  if (!(yield* examineConnection(connection))) return
  if (!ring.keys.length) return yield bad('no-key', {}, 'no-key')
  const able = yield* examineKeys(patient)
  if (!able) return
  yield* examineModels(patient)
  yield* examineAnswer(patient, able)
}

/** @returns a key that is accepted */
async function* examineKeys(patient: Patient): AsyncGenerator<Finding, Key | undefined> {
  const { clock, engine, models, ring } = patient
  let able: Key | undefined
  for (const key of ring.keys.slice(0, MOST_KEYS)) {
    const { requests, failures, tail, bucket, parked } = ring.status().find(({ place }) => place === key.place)!
    const who = { place: key.place, tail: tail ? ` …${tail}` : '', bucket }
    try {
      const list = await within(patient, signal => engine.models({ key: key.secret, signal }))
      models.learn(list, clock.now())
      ring.accept(key)
      able ??= key
      yield ok('key', { ...who, requests, failures })
    } catch (error) {
      const { kind, message } = classify(error, { secret: key.secret })
      if (kind === 'model' || kind === 'protocol') {
        // A relay may have no list of models.
        able ??= key
        yield note('key-unknown', { ...who, reason: message })
        continue
      }
      yield kind === 'region'
        ? bad('region', { reason: message }, 'region')
        : bad('key-failed', { ...who, reason: message }, kind)
      // The next key would fare no better.
      if (['region', 'network', 'proxy', 'timeout', 'aborted'].includes(kind)) return
    }
    for (const { model = '*', until } of parked) yield note('parked', { ...who, model, time: localTime(until) }, 'quota-day')
  }
  return able
}

async function* examineModels({ models }: Patient): AsyncGenerator<Finding> {
  for (const { name, isListed, limits } of models.status()) {
    if (isListed === undefined) yield note('model-unknown', { name })
    else if (!isListed) yield bad('model-gone', { name }, 'model')
    else yield ok('model', { name, input: limits.inputTokenLimit ?? '?', output: limits.outputTokenLimit ?? '?' })
  }
}

async function* examineAnswer(patient: Patient, { secret }: Key): AsyncGenerator<Finding> {
  const { clock, engine, models } = patient
  const [model] = models.order()
  const begun = clock.now()
  try {
    const contents = [{ role: 'user' as const, parts: [{ text: 'Reply with the word OK.' }] }]
    const generation = { thinkingConfig: { thinkingLevel: 'MINIMAL' } }
    await within(patient, async (signal) => {
      for await (const event of engine.stream({ model, contents, generation }, { key: secret, signal })) {
        if (event.type === 'text') return
      }
      throw new GeminiError('empty', 'the answer has no text')
    })
    yield ok('answer', { model, ms: clock.now() - begun })
  } catch (error) {
    const { kind, message } = classify(error, { secret })
    if (kind === 'region') yield bad('region', { reason: message }, 'region')
    else yield bad('answer-failed', { model, reason: message }, kind)
  }
}

/** @throws {GeminiError} of kind `timeout` when it takes too long */
async function within<T>({ signal, patience = 20_000 }: Patient, task: (signal: EngineOptions['signal']) => Promise<T>) {
  const controller = new AbortController()
  const abort = () => controller.abort()
  const timer = setTimeout(abort, patience)
  signal.addEventListener('abort', abort)
  try {
    return await task(controller.signal)
  } catch (error) {
    if (controller.signal.aborted && !signal.aborted) throw new GeminiError('timeout', `no answer within ${patience} ms`)
    throw error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}
