import type { Logger } from 'koishi'
import type { Clock } from 'common/time'
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

/** The models of the settings, and what the provider's list says of them. Shared by all questions. */
export class ModelList {
  private readonly configured: readonly string[]
  private readonly gone = new Set<string>()
  private known = new Map<string, ModelInfo>()
  /** What models do not take, as their refusals say. */
  private readonly lacking = new Map<string, Set<ModelFeature>>()
  private readonly unstatedEnds = new Set<string>()
  /** Tokens that models take, as their refusals say. */
  private readonly tokenLimits = new Map<string, number>()
  private updatedAt = -Infinity

  constructor(models: readonly string[], private readonly logger: Pick<Logger, 'warn'>) {
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
  update(list: readonly ModelInfo[], now: number) {
    if (!list.length) return
    this.updatedAt = now
    this.known = new Map(list.map(info => [info.name, info]))
    for (const model of this.known.keys()) this.gone.delete(model)
    for (const model of this.configured) {
      // Aliases such as …-latest work without being listed.
      if (this.known.has(model) || model.endsWith('-latest')) this.gone.delete(model)
      else this.markGone(model, this.configured.find(other => this.known.has(other)))
    }
  }

  /** The models of the settings, best first. */
  get chosen(): readonly string[] {
    return this.configured
  }

  /** The models of the settings, then all other chat models of the list. */
  get chatModels(): string[] {
    const listed = [...this.known.values()].filter(({ isChatModel }) => isChatModel)
    return [...new Set([...this.configured, ...listed.map(({ name }) => name)])]
  }

  isGone(model: string): boolean {
    return this.gone.has(model)
  }

  /** Whether a list has been received. */
  get isListed() {
    return this.known.size > 0
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
      return { name, isListed: this.isListed ? this.known.has(name) : undefined, limits: this.limitsOf(name) }
    })
  }

  isFresh(now: number) {
    return now - this.updatedAt < FRESH_MS
  }
}

/** A model id without whitespace and the `models/` prefix. */
export function modelName(model: string) {
  return model.trim().replace(/^models\//, '')
}

export interface RefreshOptions {
  engine: Engine
  keyPool: KeyPool
  models: ModelList
  clock: Clock
  signal: AbortSignal
}

/**
 * Fetches the list of models, unless the last one is less than ten minutes old.
 * @throws {EngineError}
 */
export async function refreshModels({ engine, keyPool, models, clock, signal }: RefreshOptions) {
  if (models.isFresh(clock.monotonic())) return
  const key = keyPool.pick('')
  if (key) models.update(await engine.models({ key: key.secret, signal }), clock.monotonic())
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
