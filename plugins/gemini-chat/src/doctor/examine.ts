import type { SecureContextOptions } from 'node:tls'
import type { Clock } from '../util/clock'
import type { Config } from '../config'
import { classifyError } from '../engine/gemini/classify-error'
import { EngineError } from '../engine/error'
import type { Engine, EngineOptions } from '../engine/types'
import { localTime } from '../util/local-time'
import type { ApiKey, KeyPool } from '../model/key-pool'
import type { ModelList } from '../model/model-list'
import { examineConnection } from './connection'
import { problem, note, ok } from './finding'
import type { Finding } from './finding'

export interface ExamineOptions {
  config: Pick<Config, 'baseUrl' | 'proxy'>
  engine: Engine
  keyPool: KeyPool
  models: ModelList
  clock: Clock
  ca?: SecureContextOptions['ca']
  signal: AbortSignal
  /** Milliseconds for one request; 20,000 unless told. */
  timeoutMs?: number
}

/** More keys than these are taken to be well. */
const MAX_EXAMINED_KEYS = 10

/** Looks at everything between here and an answer, in the order in which it can fail. Never throws. */
export async function* examine(patient: ExamineOptions): AsyncGenerator<Finding> {
  const { config, keyPool, ca, clock, timeoutMs = 20_000, signal } = patient
  const connection = { ...config, ca, timeoutMs, signal, now: () => clock.now() }
  if (!(yield* examineConnection(connection))) return
  if (!keyPool.keys.length) return yield problem('no-key', {}, 'no-key')
  const able = yield* examineKeys(patient)
  if (!able) return
  yield* examineModels(patient)
  yield* examineAnswer(patient, able)
}

/** @returns a key that is accepted */
async function* examineKeys(patient: ExamineOptions): AsyncGenerator<Finding, ApiKey | undefined> {
  const { clock, engine, models, keyPool } = patient
  let able: ApiKey | undefined
  for (const key of keyPool.keys.slice(0, MAX_EXAMINED_KEYS)) {
    const status = keyPool.status().find(({ position }) => position === key.position)!
    const { requests, failures, tail, bucket, exhausted } = status
    const who = { place: key.position, tail: tail ? ` …${tail}` : '', bucket }
    try {
      const list = await within(patient, signal => engine.models({ key: key.secret, signal }))
      models.update(list, clock.now())
      keyPool.markAccepted(key)
      able ??= key
      yield ok('key', { ...who, requests, failures })
    } catch (error) {
      const { kind, message } = classifyError(error, { secret: key.secret })
      if (kind === 'model' || kind === 'protocol') {
        // A relay may have no list of models.
        able ??= key
        yield note('key-unknown', { ...who, reason: message })
        continue
      }
      yield kind === 'region'
        ? problem('region', { reason: message }, 'region')
        : problem('key-failed', { ...who, reason: message }, kind)
      // The next key would fare no better.
      if (['region', 'network', 'proxy', 'timeout', 'aborted'].includes(kind)) return
    }
    for (const { model = '*', until } of exhausted) yield note('parked', { ...who, model, time: localTime(until) }, 'quota-day')
  }
  return able
}

async function* examineModels({ models }: ExamineOptions): AsyncGenerator<Finding> {
  for (const { name, isListed, limits } of models.status()) {
    if (isListed === undefined) yield note('model-unknown', { name })
    else if (!isListed) yield problem('model-gone', { name }, 'model')
    else yield ok('model', { name, input: limits.inputTokenLimit ?? '?', output: limits.outputTokenLimit ?? '?' })
  }
}

async function* examineAnswer(patient: ExamineOptions, { secret }: ApiKey): AsyncGenerator<Finding> {
  const { clock, engine, models } = patient
  const [model] = models.order()
  const begun = clock.now()
  try {
    const contents = [{ role: 'user' as const, parts: [{ text: 'Reply with the word OK.' }] }]
    const thinking = { level: 'minimal' as const }
    await within(patient, async (signal) => {
      for await (const event of engine.stream({ model, contents, thinking }, { key: secret, signal })) {
        if (event.type === 'text') return
      }
      throw new EngineError('empty', 'the answer has no text')
    })
    yield ok('answer', { model, ms: clock.now() - begun })
  } catch (error) {
    const { kind, message } = classifyError(error, { secret })
    if (kind === 'region') yield problem('region', { reason: message }, 'region')
    else yield problem('answer-failed', { model, reason: message }, kind)
  }
}

/** @throws {EngineError} of kind `timeout` when it takes too long */
async function within<T>({ signal, timeoutMs = 20_000 }: ExamineOptions, task: (signal: EngineOptions['signal']) => Promise<T>) {
  const controller = new AbortController()
  const abort = () => controller.abort()
  const timer = setTimeout(abort, timeoutMs)
  signal.addEventListener('abort', abort)
  try {
    return await task(controller.signal)
  } catch (error) {
    if (controller.signal.aborted && !signal.aborted) throw new EngineError('timeout', `no answer within ${timeoutMs} ms`)
    throw error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}
