import type { Logger } from 'koishi'
import { backoff } from './backoff'
import { GeminiError } from './engine/error'

/** Longer than this nobody waits for an answer to begin. */
const PATIENCE = 20_000

/**
 * The keys and models to ask with, best first. It outlives a question: what failed for one is not what the next one
 * tries first.
 */
export class Route {
  private readonly keys: string[]
  private readonly models: string[]

  constructor(private readonly order: readonly string[], models: readonly string[], readonly logger: Logger) {
    this.keys = [...new Set(order)]
    this.models = [...new Set(models)].filter(Boolean)
  }

  /** There is a key to ask with. */
  get isOpen() {
    return this.keys.length > 0
  }

  key(except: Set<string>) {
    return this.keys.find(key => !except.has(key))
  }

  model(except: Set<string>) {
    return this.models.find(model => !except.has(model))
  }

  demoteKey(key: string, error: GeminiError) {
    if (demote(this.keys, key) && error.kind === 'auth') {
      this.logger.warn('API key %d was refused (%s), using another one', this.order.indexOf(key) + 1, error.message)
    }
  }

  demoteModel(model: string, next: string) {
    if (demote(this.models, model)) this.logger.warn('model %s is not available, using %s', model, next)
  }
}

/** @returns whether it had not been done already, by another question that failed at the same time */
function demote(list: string[], item: string) {
  if (list[0] !== item) return false
  list.push(list.shift()!)
  return true
}

/** The tries of one question: decides what an error means for the next one. */
export class Attempts {
  key: string
  model: string
  /** The signatures in the history were refused, and are to be left out. */
  unsigned = false
  private retried = 0
  private emptied = false
  private readonly refusedKeys = new Set<string>()
  private readonly missingModels = new Set<string>()

  constructor(
    private readonly route: Route,
    private readonly retries: number,
    private readonly random: () => number,
  ) {
    this.key = route.key(this.refusedKeys) ?? ''
    this.model = route.model(this.missingModels) ?? ''
  }

  /**
   * Prepares the next try after an error.
   * @returns how long to wait before it, in milliseconds; undefined when there is nothing left to try
   */
  next(error: GeminiError): number | undefined {
    switch (error.kind) {
      case 'auth': case 'rate': case 'quota-day':
        if (this.changeKey(error)) return 0
        break
      case 'model':
        return this.changeModel() ? 0 : undefined
      case 'request':
        if (error.reason !== 'THOUGHT_SIGNATURE' || this.unsigned) return
        this.unsigned = true
        return 0
      case 'empty':
        if (this.emptied) return
        this.emptied = true
    }
    const { retryAfter = 0 } = error
    if (!error.retryable || retryAfter > PATIENCE || this.retried >= this.retries) return
    return retryAfter + backoff(this.retried++, this.random)
  }

  private changeKey(error: GeminiError) {
    this.refusedKeys.add(this.key)
    const key = this.route.key(this.refusedKeys)
    if (!key) return false
    this.route.demoteKey(this.key, error)
    this.key = key
    return true
  }

  /** Quotas belong to a model: what a key was refused for one of them says nothing about another. */
  private changeModel() {
    this.missingModels.add(this.model)
    const model = this.route.model(this.missingModels)
    if (!model) return false
    this.route.demoteModel(this.model, model)
    this.model = model
    this.refusedKeys.clear()
    return true
  }
}
