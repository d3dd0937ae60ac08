import type { Logger } from 'koishi'
import { backoff } from '../util/backoff'
import { EngineError } from '../engine/error'
import type { ApiKey, KeyPool } from './key-pool'
import type { ModelList } from './model-list'

/** Longer than this nobody waits for an answer to begin. */
const MAX_RETRY_WAIT_MS = 20_000

/** What there is to ask with. It outlives a question: what failed for one is not what the next one tries first. */
export interface ModelRoute {
  keyPool: KeyPool
  models: ModelList
  logger: Pick<Logger, 'warn'>
  now(): number
}

/** The tries of one question: decides what an error means for the next one. */
export class Attempts {
  key!: ApiKey
  model!: string
  /** The signatures in the history were refused, and are to be left out. */
  portable = false
  private retried = 0
  private retriedEmpty = false
  private readonly failed = new Set<string>()
  private readonly refused = new Set<ApiKey>()
  private readonly abandoned = new Set<string>()

  /**
   * @param preferred a model to try before all others
   * @throws {EngineError} `auth` without a key, `rate` or `quota-day` when no project has anything left
   */
  constructor(
    private readonly route: ModelRoute,
    private readonly retries: number,
    private readonly random: () => number,
    private readonly preferred?: string,
  ) {
    if (this.choose()) return
    if (!this.models.length) throw new EngineError('model', 'there is no model')
    throw this.finalError(new EngineError('auth', 'there is no API key'))
  }

  /**
   * Prepares the next try after an error: with another key, after a while, or with another model.
   * @returns how long to wait before it, in milliseconds; undefined when there is nothing left to try
   */
  prepareNext(error: EngineError): number | undefined {
    switch (error.kind) {
      case 'auth':
        return this.changeKey(error)
      case 'rate': case 'quota-day':
        return this.changeQuota(error)
      case 'model':
        return this.abandonModel()
      case 'request':
        if (error.reason !== 'signatures' || this.portable) return
        this.portable = true
        return 0
      case 'empty':
        if (this.retriedEmpty) return
        this.retriedEmpty = true
        break
      case 'server':
        return this.retry(error) ?? this.nextModel()
    }
    return this.retry(error)
  }

  /** An error as it ends the question: it says when there will be an answer again, where that is known. */
  finalError(error: EngineError): EngineError {
    if (!['auth', 'rate', 'quota-day'].includes(error.kind)) return error
    const opening = this.route.keyPool.nextReset(this.models)
    if (!opening) return error
    const { kind, until } = opening
    const { message, status, quota } = error
    const what = error.kind === kind ? message : 'the quota is used up'
    return new EngineError(kind, what, { status, quota, until, retryAfter: until - this.route.now() })
  }

  private get models() {
    return this.route.models.order(this.preferred)
  }

  /** Takes the first model for which there is a key. */
  private choose(models = this.models): boolean {
    for (const model of models.filter(model => !this.abandoned.has(model))) {
      const key = this.route.keyPool.pick(model, key => this.refused.has(key) || this.failed.has(pair(key, model)))
      if (!key) continue
      Object.assign(this, { key, model })
      return true
    }
    return false
  }

  private changeKey({ message }: EngineError) {
    const { key, route } = this
    this.refused.add(key)
    const news = route.keyPool.markRefused(key)
    if (!this.choose()) return
    if (news) route.logger.warn('API key %d was refused (%s), using another one', key.position, message)
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
    return retryAfter + backoff(this.retried++, this.random)
  }

  /** Goes on to the next model, for this question only: this one is busy, not gone. */
  private nextModel() {
    this.abandoned.add(this.model)
    return this.choose() ? 0 : undefined
  }

  private abandonModel() {
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
