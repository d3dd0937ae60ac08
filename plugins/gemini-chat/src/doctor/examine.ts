import type { SecureContextOptions } from 'node:tls'
import type { Config } from '../config'
import { EngineError } from '../engine/error'
import type { EngineErrorKind } from '../engine/error'
import { classifyFailure } from '../engine/http/failure'
import { DEFAULT_PROVIDER } from '../engine/providers'
import type { ProviderAddress } from '../engine/providers'
import type { Engine, EngineOptions } from '../engine/types'
import type { ApiKey, KeyPool } from '../model/key-pool'
import type { ModelList } from '../model/model-list'
import type { Clock } from 'common/time'
import { localTime } from '../util/local-time'
import { examineConnection } from './connection'
import { note, ok, problem } from './finding'
import type { Finding } from './finding'
import { providerProblem } from './provider-problem'

export interface ExamineOptions {
  config: Pick<Config, 'baseUrl' | 'proxy'>
  /** All providers; by default the one of `config`. */
  providers?: readonly ProviderAddress[]
  engine: Engine
  keyPool: KeyPool
  models: ModelList
  clock: Clock
  /** Certificates to trust instead of the usual ones. */
  ca?: SecureContextOptions['ca']
  signal: AbortSignal
  /** Limit of each request; 20,000 by default. */
  timeoutMs?: number
}

const DEFAULT_TIMEOUT_MS = 20_000

/** Further keys are not checked. */
const MAX_EXAMINED_KEYS = 10

/** Errors that every key would meet. */
const SHARED_ERRORS: readonly EngineErrorKind[] = ['region', 'network', 'proxy', 'timeout', 'aborted']

/** Checks everything between this machine and an answer, in the order in which it can fail. Never throws. */
export async function* examine(options: ExamineOptions): AsyncGenerator<Finding> {
  const { config, keyPool, models, ca, clock, timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options
  const { providers = [{ ...config, name: DEFAULT_PROVIDER, type: 'gemini' }] } = options
  const usable = new Map<string, ApiKey>()
  for (const provider of providers) {
    const keys = keyPool.keys.filter(key => (key.provider ?? DEFAULT_PROVIDER) === provider.name)
    // A provider without a key is not in use, unless all are.
    if (!keys.length && (keyPool.keys.length || provider.name !== DEFAULT_PROVIDER)) continue
    const connection = { ...provider, ca, timeoutMs, signal, now: () => clock.monotonic() }
    if (!(yield* examineConnection(connection))) continue
    if (!keys.length) return yield problem('no-key', {}, 'no-key')
    const key = yield* examineKeys(options, keys, provider)
    if (key) usable.set(provider.name, key)
  }
  if (!usable.size) return
  yield* examineModels(options)
  const model = models.order().find(model => usable.has(models.providerOf(model)))
  if (model === undefined) return
  const name = models.providerOf(model)
  yield* examineAnswer(options, model, usable.get(name)!, providers.find(provider => provider.name === name)!)
}

/** @returns a key that is accepted */
async function* examineKeys(
  options: ExamineOptions, keys: readonly ApiKey[], provider: ProviderAddress,
): AsyncGenerator<Finding, ApiKey | undefined> {
  const { clock, engine, models, keyPool } = options
  let usable: ApiKey | undefined
  for (const key of keys.slice(0, MAX_EXAMINED_KEYS)) {
    const status = keyPool.status().find(({ position }) => position === key.position)!
    const { requests, failures, tail, bucket, exhausted } = status
    const params = { place: key.position, tail: tail ? ` …${tail}` : '', bucket }
    try {
      const list = await within(options, signal => engine.models({ key: key.secret, signal, provider: key.provider }))
      models.update(list, clock.monotonic(), key.provider)
      keyPool.markAccepted(key)
      usable ??= key
      yield ok('key', { ...params, requests, failures })
    } catch (error) {
      const { kind, message: reason } = classifyFailure(error, { secret: key.secret })
      if (kind === 'model' || kind === 'protocol') {
        // Relays often have no list of models.
        usable ??= key
        yield note('key-unknown', { ...params, reason })
        continue
      }
      if (kind === 'region') yield problem('region', { reason }, 'region')
      else yield providerProblem('key-failed', { ...params, reason }, kind, provider)
      if (SHARED_ERRORS.includes(kind)) return
    }
    for (const { model = '*', until } of exhausted) {
      yield note('parked', { ...params, model, time: localTime(until) }, 'quota-day')
    }
  }
  return usable
}

async function* examineModels({ models }: ExamineOptions): AsyncGenerator<Finding> {
  for (const { name, isListed, limits } of models.status()) {
    if (isListed === undefined) yield note('model-unknown', { name })
    else if (!isListed) yield problem('model-gone', { name }, 'model')
    else yield ok('model', { name, input: limits.inputTokenLimit ?? '?', output: limits.outputTokenLimit ?? '?' })
  }
}

async function* examineAnswer(
  options: ExamineOptions, model: string, { secret }: ApiKey, provider: ProviderAddress,
): AsyncGenerator<Finding> {
  const { clock, engine } = options
  const startedAt = clock.monotonic()
  try {
    const contents = [{ role: 'user' as const, parts: [{ text: 'Reply with the word OK.' }] }]
    const thinking = { level: 'minimal' as const }
    await within(options, async (signal) => {
      for await (const event of engine.stream({ model, contents, thinking }, { key: secret, signal })) {
        if (event.type === 'text') return
      }
      throw new EngineError('empty', 'the answer has no text')
    })
    yield ok('answer', { model, ms: Math.round(clock.monotonic() - startedAt) })
  } catch (error) {
    const { kind, message: reason } = classifyFailure(error, { secret })
    if (kind === 'region') yield problem('region', { reason }, 'region')
    else yield providerProblem('answer-failed', { model, reason }, kind, provider)
  }
}

/** @throws {EngineError} of kind `timeout` if the task takes longer than the limit; its signal is then aborted */
async function within<T>(
  { signal, timeoutMs = DEFAULT_TIMEOUT_MS }: ExamineOptions, task: (signal: EngineOptions['signal']) => Promise<T>,
) {
  const controller = new AbortController()
  const abort = () => controller.abort()
  const timer = setTimeout(abort, timeoutMs)
  signal.addEventListener('abort', abort)
  try {
    return await task(controller.signal)
  } catch (error) {
    if (!controller.signal.aborted || signal.aborted) throw error
    throw new EngineError('timeout', `no answer within ${timeoutMs} ms`)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}
