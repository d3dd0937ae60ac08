import type { Logger } from 'koishi'
import { backoff } from '../util/backoff'
import { GeminiError } from '../engine/error'
import type { Key, Ring } from './key-pool'
import type { Models } from './model-list'

/** Longer than this nobody waits for an answer to begin. */
const PATIENCE = 20_000

/** What there is to ask with. It outlives a question: what failed for one is not what the next one tries first. */
export interface Route {
  ring: Ring
  models: Models
  logger: Pick<Logger, 'warn'>
  now(): number
}

/** The tries of one question: decides what an error means for the next one. */
export class Attempts {
  key!: Key
  model!: string
  /** The signatures in the history were refused, and are to be left out. */
  unsigned = false
  private retried = 0
  private emptied = false
  private readonly failed = new Set<string>()
  private readonly refused = new Set<Key>()
  private readonly dismissed = new Set<string>()

  /**
   * @param preferred a model to try before all others
   * @throws {GeminiError} `auth` without a key, `rate` or `quota-day` when no project has anything left
   */
  constructor(
    private readonly route: Route,
    private readonly retries: number,
    private readonly random: () => number,
    private readonly preferred?: string,
  ) {
    if (this.choose()) return
    if (!this.models.length) throw new GeminiError('model', 'there is no model')
    throw this.conclude(new GeminiError('auth', 'there is no API key'))
  }

  /**
   * Prepares the next try after an error: with another key, after a while, or with another model.
   * @returns how long to wait before it, in milliseconds; undefined when there is nothing left to try
   */
  next(error: GeminiError): number | undefined {
    switch (error.kind) {
      case 'auth':
        return this.refuse(error)
      case 'rate': case 'quota-day':
        return this.exhaust(error)
      case 'model':
        return this.dismiss()
      case 'request':
        if (error.reason !== 'THOUGHT_SIGNATURE' || this.unsigned) return
        this.unsigned = true
        return 0
      case 'empty':
        if (this.emptied) return
        this.emptied = true
        break
      case 'server':
        return this.retry(error) ?? this.leave()
    }
    return this.retry(error)
  }

  /** An error as it ends the question: it says when there will be an answer again, where that is known. */
  conclude(error: GeminiError): GeminiError {
    if (!['auth', 'rate', 'quota-day'].includes(error.kind)) return error
    const opening = this.route.ring.opening(this.models)
    if (!opening) return error
    const { kind, until } = opening
    const { message, status, quota } = error
    const what = error.kind === kind ? message : 'the quota is used up'
    return new GeminiError(kind, what, { status, quota, until, retryAfter: until - this.route.now() })
  }

  private get models() {
    return this.route.models.order(this.preferred)
  }

  /** Takes the first model for which there is a key. */
  private choose(models = this.models): boolean {
    for (const model of models.filter(model => !this.dismissed.has(model))) {
      const key = this.route.ring.pick(model, key => this.refused.has(key) || this.failed.has(pair(key, model)))
      if (!key) continue
      Object.assign(this, { key, model })
      return true
    }
    return false
  }

  private refuse({ message }: GeminiError) {
    const { key, route } = this
    this.refused.add(key)
    const news = route.ring.refuse(key)
    if (!this.choose()) return
    if (news) route.logger.warn('API key %d was refused (%s), using another one', key.place, message)
    return 0
  }

  private exhaust(error: GeminiError) {
    this.failed.add(pair(this.key, this.model))
    if (error.kind === 'quota-day' || error.retryAfter) this.route.ring.park(this.key, this.model, error)
    if (this.choose([this.model])) return 0
    return this.retry(error) ?? this.leave()
  }

  private retry({ retryable, retryAfter = 0 }: GeminiError) {
    if (!retryable || retryAfter > PATIENCE || this.retried >= this.retries) return
    return retryAfter + backoff(this.retried++, this.random)
  }

  /** Goes on to the next model, for this question only: this one is busy, not gone. */
  private leave() {
    this.dismissed.add(this.model)
    return this.choose() ? 0 : undefined
  }

  private dismiss() {
    const { model } = this
    this.dismissed.add(model)
    if (!this.choose()) return
    this.route.models.dismiss(model, this.model)
    return 0
  }
}

function pair(key: Key, model: string) {
  return `${key.place} ${model}`
}
