import type { Logger } from 'koishi'
import { backoffMs } from 'common/async'
import { EngineError } from '../engine/error'
import type { ApiKey, KeyPool } from './key-pool'
import type { ModelList } from './model-list'

/** A longer wait ends the question instead. */
const MAX_RETRY_WAIT_MS = 20_000

/** The keys and models of the plugin. Shared by all questions: what failed for one is not tried first by the next. */
export interface ModelRoute {
  keyPool: KeyPool
  models: ModelList
  logger: Pick<Logger, 'warn'>
  /** Milliseconds since 1970. */
  now(): number
}

/**
 * The attempts of one question: decides after each error whether to try again, with which key and model, and after
 * what wait.
 */
export class Attempts {
  key!: ApiKey
  model!: string
  /** Whether the next request has to be `portable`, because signatures in the history were refused. */
  portable = false
  /** How often the older half of the history was left out, because the request was too long. */
  halvings = 0
  private retried = 0
  private retriedEmpty = false
  private readonly failed = new Set<string>()
  private readonly refused = new Set<ApiKey>()
  private readonly abandoned = new Set<string>()
  /** What the request was fitted to, by model and feature. */
  private readonly fitted = new Set<string>()

  /**
   * @param preferred a model to try before all others
   * @param messages how many messages the history has
   * @throws {EngineError} `auth` without a key, `model` without a model, `rate` or `quota-day` when all quotas are used
   */
  constructor(
    private readonly route: ModelRoute,
    private readonly retries: number,
    private readonly random: () => number,
    private readonly preferred?: string,
    private readonly messages = 0,
  ) {
    if (this.choose()) return
    if (!this.models.length) throw new EngineError('model', 'there is no model: set model')
    throw this.finalError(new EngineError('auth', 'there is no API key: set apiKeys'))
  }

  /**
   * Chooses key and model of the next attempt.
   * @returns milliseconds to wait before it; undefined when there is nothing left to try
   */
  prepareNext(error: EngineError): number | undefined {
    switch (error.kind) {
      case 'auth':
        return this.changeKey(error)
      case 'rate': case 'quota-day':
        return this.changeQuota(error)
      case 'model':
        return this.replaceModel()
      case 'billing':
        return this.changeAccount(error)
      case 'request':
        return this.changeRequest(error)
      case 'empty':
        if (this.retriedEmpty) return
        this.retriedEmpty = true
        return this.retry(error)
      case 'server':
        return this.retry(error) ?? this.nextModel()
      case 'network': case 'timeout': case 'region': case 'proxy': case 'protocol':
        return this.retry(error) ?? this.nextProvider()
      case 'aborted': case 'blocked': case 'incomplete':
        return this.retry(error)
      default:
        return error.kind satisfies never
    }
  }

  /** The error that ends the question: it tells when there is quota again, if that is known. */
  finalError(error: EngineError): EngineError {
    if (!['auth', 'rate', 'quota-day'].includes(error.kind)) return error
    const reset = this.route.keyPool.nextReset(this.models)
    if (!reset) return error
    const { kind, until } = reset
    const { message, status, quota } = error
    const what = error.kind === kind ? message : 'the quota is used up'
    return new EngineError(kind, what, { status, quota, until, retryAfter: until - this.route.now() })
  }

  private get models() {
    return this.route.models.order(this.preferred)
  }

  /** Takes the first model for which there is a key, with those that had no credit or were refused lately last. */
  private choose(models = this.models): boolean {
    const { keyPool } = this.route
    const options = models.filter(model => !this.abandoned.has(model)).flatMap((model) => {
      const key = keyPool.pick(model, key => this.refused.has(key) || this.failed.has(pair(key, model)))
      return key ? [{ key, model }] : []
    })
    const isGood = ({ key, model }: Pick<Attempts, 'key' | 'model'>) => !keyPool.isUnpaid(key, model) && !keyPool.isRefused(key)
    const option = options.find(isGood) ?? options[0]
    Object.assign(this, option)
    return !!option
  }

  /** Fits the request to the model: leaves out what it does not take, or the older half of the history. */
  private changeRequest({ reason, tokenLimit }: EngineError) {
    const { models } = this.route
    switch (reason) {
      case 'signatures':
        if (this.portable) return
        this.portable = true
        return 0
      case 'context':
        if (tokenLimit) models.noteTokenLimit(this.model, tokenLimit)
        if (this.messages >> this.halvings === 0) return this.nextModel()
        this.halvings++
        return 0
      case 'system': case 'tools': case 'files': case 'thinking':
        models.noteLacking(this.model, reason)
        // Another question may have learnt it while this one was asked.
        return this.isFirst(`${this.model} ${reason}`) ? 0 : this.nextModel()
    }
  }

  private isFirst(fit: string): boolean {
    const isFirst = !this.fitted.has(fit)
    this.fitted.add(fit)
    return isFirst
  }

  /** Changes the key where its account has no money, and the model where the account has no quota for it. */
  private changeAccount({ isProjectWide }: EngineError) {
    const { key, model } = this
    if (isProjectWide) this.refused.add(key)
    else this.failed.add(pair(key, model))
    this.route.keyPool.markUnpaid(key, isProjectWide ? undefined : model)
    return this.choose() ? 0 : undefined
  }

  private changeKey({ message }: EngineError) {
    const { key, route } = this
    this.refused.add(key)
    const isNew = route.keyPool.markRefused(key)
    if (!this.choose()) return
    if (isNew) route.logger.warn('API key %d was refused (%s), using another one', key.position, message)
    return 0
  }

  private changeQuota(error: EngineError) {
    this.failed.add(pair(this.key, this.model))
    if (error.kind === 'quota-day' || error.retryAfter) this.route.keyPool.markExhausted(this.key, this.model, error)
    if (this.choose([this.model])) return 0
    return this.retry(error) ?? this.nextModel()
  }

  private retry({ retryable, retryAfter = 0 }: EngineError) {
    if (!retryable || retryAfter > MAX_RETRY_WAIT_MS || this.retried >= this.retries) return
    return retryAfter + backoffMs(this.retried++, this.random)
  }

  /** Changes the model for this question only: the current one is busy, not gone. */
  private nextModel() {
    this.abandoned.add(this.model)
    return this.choose() ? 0 : undefined
  }

  /** Changes the provider for this question only: the current one cannot be reached. */
  private nextProvider() {
    const { models } = this.route
    const provider = models.providerOf(this.model)
    for (const model of this.models) if (models.providerOf(model) === provider) this.abandoned.add(model)
    return this.choose() ? 0 : undefined
  }

  /** Changes the model for later questions too: the current one does not exist any more. */
  private replaceModel() {
    const { model } = this
    this.abandoned.add(model)
    if (!this.choose()) return
    this.route.models.markGone(model, this.model)
    return 0
  }
}

function pair(key: ApiKey, model: string) {
  return `${key.position} ${model}`
}
