import type { Logger } from 'koishi'
import type { Clock } from '../util/clock'
import type { Engine, ModelInfo } from '../engine/types'
import { operatorMessage } from '../messages/error-messages'
import type { KeyPool } from './key-pool'

const REFRESH_INTERVAL_MS = 86_400_000

/** A start is not held up, and one of many in a row asks nothing. */
const FIRST_REFRESH_DELAY_MS = 30_000

/** How long a list is good for whoever asks for it. */
const FRESH_MS = 600_000

/** The models to ask, best first, as far as they are there. It outlives the questions. */
export class ModelList {
  private readonly configured: readonly string[]
  private readonly gone = new Set<string>()
  private known = new Map<string, ModelInfo>()
  private updatedAt = -Infinity

  constructor(models: readonly string[], private readonly logger: Pick<Logger, 'warn'>) {
    this.configured = [...new Set(models.map(modelName))].filter(Boolean)
  }

  /** The order to try them in. Those that are known to be gone come last: the list may be wrong. */
  order(preferred?: string): string[] {
    const all = [...new Set([...preferred ? [modelName(preferred)] : [], ...this.configured])]
    return [...all.filter(model => !this.gone.has(model)), ...all.filter(model => this.gone.has(model))]
  }

  /** A model is not there any more. The operator is told once, until it is back. */
  markGone(model: string, next?: string) {
    if (this.gone.has(model)) return
    this.gone.add(model)
    if (next) this.logger.warn('model %s is not available, using %s', model, next)
    else this.logger.warn('model %s is not available', model)
  }

  /** Takes the list of what is there. An empty one says nothing: relays have none. */
  update(list: readonly ModelInfo[], now: number) {
    if (!list.length) return
    this.updatedAt = now
    this.known = new Map(list.map(info => [info.name, info]))
    for (const model of this.known.keys()) this.gone.delete(model)
    for (const model of this.configured) {
      // An alias such as gemini-flash-latest may work without being listed.
      if (this.known.has(model) || model.endsWith('-latest')) this.gone.delete(model)
      else this.markGone(model, this.configured.find(other => this.known.has(other)))
    }
  }

  /** Those of the settings, for whoever asks. */
  get chosen(): readonly string[] {
    return this.configured
  }

  /** All that can hold a conversation, once the list has told: those of the settings first. */
  get chatModels(): string[] {
    const able = [...this.known.values()].filter(({ isChatModel }) => isChatModel)
    return [...new Set([...this.configured, ...able.map(({ name }) => name)])]
  }

  isGone(model: string): boolean {
    return this.gone.has(model)
  }

  /** Whether there was a list. */
  get isListed() {
    return this.known.size > 0
  }

  /** How many tokens a model takes and gives, once the list has told. */
  limitsOf(model: string): Pick<ModelInfo, 'inputTokenLimit' | 'outputTokenLimit'> {
    return this.known.get(modelName(model)) ?? {}
  }

  /** How many tokens a request may have with every model that is known: a question may come to any of them. */
  get inputTokenLimit(): number {
    return Math.min(...this.configured.map(model => this.limitsOf(model).inputTokenLimit || Infinity))
  }

  /** The models of the settings, and whether they are in the list, once there was one. */
  status() {
    return this.configured.map((name) => {
      return { name, isListed: this.isListed ? this.known.has(name) : undefined, limits: this.limitsOf(name) }
    })
  }

  isFresh(now: number) {
    return now - this.updatedAt < FRESH_MS
  }
}

/** A model by its name alone. */
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
 * Asks which models there are, unless that was done a moment ago.
 * @throws {GeminiError}
 */
export async function refreshModels({ engine, keyPool, models, clock, signal }: RefreshOptions) {
  if (models.isFresh(clock.now())) return
  const key = keyPool.pick('')
  if (key) models.update(await engine.models({ key: key.secret, signal }), clock.now())
}

/** Asks again and again, in the background, until the signal aborts. That it fails harms nobody. Never rejects. */
export async function keepModelsFresh(options: RefreshOptions, logger: Pick<Logger, 'debug'>) {
  const { clock, signal } = options
  for (let wait = FIRST_REFRESH_DELAY_MS; ; wait = REFRESH_INTERVAL_MS) {
    await clock.sleep(wait, signal)
    if (signal.aborted) return
    await refreshModels(options).catch(error => logger.debug('the models could not be listed: %s', operatorMessage(error)))
  }
}
