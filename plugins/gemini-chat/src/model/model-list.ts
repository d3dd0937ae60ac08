import type { Logger } from 'koishi'
import type { Clock } from 'common/time'
import { DEFAULT_PROVIDER, joinModel, splitModel } from '../engine/providers'
import type { Engine, ModelFeature, ModelInfo } from '../engine/types'
import { operatorMessage } from '../messages/error-messages'
import type { KeyPool } from './key-pool'

const REFRESH_INTERVAL_MS = 86_400_000

/** Keeps the start fast, and restarts in quick succession from asking at all. */
const FIRST_REFRESH_DELAY_MS = 30_000

/** A list of this age is not fetched again for a command. */
const FRESH_MS = 600_000

const FEATURE_NAMES: Record<ModelFeature, string> = {
  system: 'system instructions', tools: 'tools', files: 'files', thinking: 'settings for thinking',
}

export interface ModelListOptions {
  /** Names of the providers. */
  providers?: readonly string[]
  /** Models that can be chosen, but are not tried by themselves. */
  offered?: readonly string[]
}

/** The models of the settings, and what the providers' lists say of them. Shared by all questions. */
export class ModelList {
  private readonly configured: readonly string[]
  private readonly gone = new Set<string>()
  private known = new Map<string, ModelInfo>()
  /** What models do not take, as their refusals say. */
  private readonly lacking = new Map<string, Set<ModelFeature>>()
  private readonly unstatedEnds = new Set<string>()
  /** Tokens that models take, as their refusals say. */
  private readonly tokenLimits = new Map<string, number>()
  /** By provider. */
  private readonly updatedAt = new Map<string, number>()
  private readonly offered: readonly string[]
  readonly providers: readonly string[]

  constructor(
    models: readonly string[], private readonly logger: Pick<Logger, 'warn'>,
    { providers = [DEFAULT_PROVIDER], offered = [] }: ModelListOptions = {},
  ) {
    this.providers = providers
    this.offered = offered
    this.configured = [...new Set(models.map(modelName))].filter(Boolean)
  }

  /** The order in which to try models. Those reported as gone come last, because the list may be wrong. */
  order(preferred?: string): string[] {
    const all = [...new Set([...preferred ? [modelName(preferred)] : [], ...this.configured])]
    return [...all.filter(model => !this.gone.has(model)), ...all.filter(model => this.gone.has(model))]
  }

  /** Notes that a model does not exist any more, and logs it once until it is back. */
  markGone(model: string, next?: string) {
    if (this.gone.has(model)) return
    this.gone.add(model)
    if (next) this.logger.warn('model %s is not available, using %s', model, next)
    else this.logger.warn('model %s is not available', model)
  }

  /**
   * Takes the provider's list. An empty one is ignored: relays often have none.
   * @param now by the monotonic clock, like that of `isFresh`
   */
  update(list: readonly ModelInfo[], now: number, provider = DEFAULT_PROVIDER) {
    if (!list.length) return
    this.updatedAt.set(provider, now)
    const others = [...this.known].filter(([model]) => this.providerOf(model) !== provider)
    const listed = list.map((info): [string, ModelInfo] => {
      const name = joinModel(provider, info.name)
      return [name, { ...info, name }]
    })
    this.known = new Map([...others, ...listed])
    for (const model of this.known.keys()) this.gone.delete(model)
    for (const model of this.configured.filter(model => this.providerOf(model) === provider)) {
      // Aliases such as …-latest work without being listed; Ollama lists a plain name as …:latest.
      if (this.known.has(model) || model.endsWith('-latest') || this.known.has(`${model}:latest`)) this.gone.delete(model)
      else this.markGone(model, this.configured.find(other => this.known.has(other)))
    }
  }

  /** The models of the settings, best first, then those that the providers offer. */
  get chosen(): readonly string[] {
    return [...new Set([...this.configured, ...this.offered])]
  }

  /** The models of the settings, then all other chat models of the list. */
  get chatModels(): string[] {
    const listed = [...this.known.values()].filter(({ isChatModel }) => isChatModel)
    return [...new Set([...this.chosen, ...listed.map(({ name }) => name)])]
  }

  isGone(model: string): boolean {
    return this.gone.has(model)
  }

  /** Whether a list has been received. */
  get isListed() {
    return this.known.size > 0
  }

  /** Whether the provider of a model has sent its list. */
  hasListOf(model: string): boolean {
    return this.updatedAt.has(this.providerOf(model))
  }

  /** Notes what a model does not take, and logs it once. */
  noteLacking(model: string, feature: ModelFeature) {
    const lacking = this.lacking.get(model) ?? new Set()
    if (lacking.has(feature)) return
    this.lacking.set(model, lacking.add(feature))
    this.logger.warn('model %s does not take %s: leaving that out from now on', model, FEATURE_NAMES[feature])
  }

  /** What a model does not take, as far as that is known. */
  lackingIn(model: string): ModelFeature[] {
    return [...this.lacking.get(model) ?? []]
  }

  /** Notes that a model ended an answer without saying why, as some relays do, and logs it once. */
  noteUnstatedEnd(model: string) {
    if (this.unstatedEnds.has(model)) return
    this.unstatedEnds.add(model)
    this.logger.warn('answers of model %s end without a finish reason: they are taken for complete; if they are cut off, check baseUrl', model)
  }

  /** Notes how many tokens a model takes. */
  noteTokenLimit(model: string, tokens: number) {
    this.tokenLimits.set(model, tokens)
  }

  /** The token limits of a model, as far as the list or a refusal tells them. */
  limitsOf(model: string): Pick<ModelInfo, 'inputTokenLimit' | 'outputTokenLimit'> {
    const name = modelName(model)
    const learnt = this.tokenLimits.get(name)
    const { inputTokenLimit = learnt, outputTokenLimit } = this.known.get(name) ?? {}
    if (learnt === undefined) return this.known.get(name) ?? {}
    return { inputTokenLimit: Math.min(inputTokenLimit ?? learnt, learnt), outputTokenLimit }
  }

  /** Tokens that a request may have with each model of the settings, since any of them may have to answer it. */
  get inputTokenLimit(): number {
    return Math.min(...this.configured.map(model => this.limitsOf(model).inputTokenLimit || Infinity))
  }

  /** The models of the settings; `isListed` is undefined until a list has been received. */
  status() {
    return this.configured.map((name) => {
      return { name, isListed: this.hasListOf(name) ? this.known.has(name) : undefined, limits: this.limitsOf(name) }
    })
  }

  isFresh(now: number, provider = DEFAULT_PROVIDER) {
    return now - (this.updatedAt.get(provider) ?? -Infinity) < FRESH_MS
  }

  /** The name of the provider that has a model. */
  providerOf(model: string): string {
    return splitModel(model, this.providers).provider
  }
}

/** A model id without whitespace, and without the prefixes of the default provider and of Google's `models/`. */
export function modelName(model: string) {
  return model.trim().replace(/^(gemini\/)?(models\/)?/, '')
}

export interface RefreshOptions {
  engine: Engine
  keyPool: KeyPool
  models: ModelList
  clock: Clock
  signal: AbortSignal
}

/**
 * Fetches the lists of models, except those that are less than ten minutes old.
 * @throws {EngineError} the first failure, after all providers were asked
 */
export async function refreshModels({ engine, keyPool, models, clock, signal }: RefreshOptions) {
  const failures: unknown[] = []
  for (const provider of models.providers) {
    const key = keyPool.pick(joinModel(provider, ''))
    if (!key || models.isFresh(clock.monotonic(), provider)) continue
    try {
      const list = await engine.models({ key: key.secret, signal, ...key.provider && { provider } })
      models.update(list, clock.monotonic(), provider)
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length) throw failures[0]
}

/** Fetches the list once a day until the signal aborts. Failures are logged at debug level. Never rejects. */
export async function keepModelsFresh(options: RefreshOptions, logger: Pick<Logger, 'debug'>) {
  const { clock, signal } = options
  for (let wait = FIRST_REFRESH_DELAY_MS; ; wait = REFRESH_INTERVAL_MS) {
    await clock.sleep(wait, signal)
    if (signal.aborted) return
    await refreshModels(options).catch((error) => {
      logger.debug('could not list the models: %s', operatorMessage(error))
    })
  }
}
