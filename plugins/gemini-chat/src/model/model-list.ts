import type { Logger } from 'koishi'
import type { Clock } from '../util/clock'
import type { Engine, ModelInfo } from '../engine/types'
import { report } from '../messages/error-messages'
import type { Ring } from './key-pool'

const DAY = 86_400_000

/** A start is not held up, and one of many in a row asks nothing. */
const FIRST = 30_000

/** How long a list is good for whoever asks for it. */
const FRESH = 600_000

/** Models that answer with other things than text, or to other things. */
const special = /embedding|banana|aqa|-(image|tts|audio|live|robotics|computer-use)\b/

/** The models to ask, best first, as far as they are there. It outlives the questions. */
export class Models {
  private readonly configured: readonly string[]
  private readonly gone = new Set<string>()
  private known = new Map<string, ModelInfo>()
  private learnt = -Infinity

  constructor(models: readonly string[], private readonly logger: Pick<Logger, 'warn'>) {
    this.configured = [...new Set(models.map(bare))].filter(Boolean)
  }

  /** The order to try them in. Those that are known to be gone come last: the list may be wrong. */
  order(preferred?: string): string[] {
    const all = [...new Set([...preferred ? [bare(preferred)] : [], ...this.configured])]
    return [...all.filter(model => !this.gone.has(model)), ...all.filter(model => this.gone.has(model))]
  }

  /** A model is not there any more. The operator is told once, until it is back. */
  dismiss(model: string, next?: string) {
    if (this.gone.has(model)) return
    this.gone.add(model)
    if (next) this.logger.warn('model %s is not available, using %s', model, next)
    else this.logger.warn('model %s is not available', model)
  }

  /** Takes the list of what is there. An empty one says nothing: relays have none. */
  learn(list: readonly ModelInfo[], now: number) {
    if (!list.length) return
    this.learnt = now
    this.known = new Map(list.map(info => [info.name, info]))
    for (const model of this.known.keys()) this.gone.delete(model)
    for (const model of this.configured) {
      // An alias such as gemini-flash-latest may work without being listed.
      if (this.known.has(model) || model.endsWith('-latest')) this.gone.delete(model)
      else this.dismiss(model, this.configured.find(other => this.known.has(other)))
    }
  }

  /** Those of the settings, for whoever asks. */
  get chosen(): readonly string[] {
    return this.configured
  }

  /** All that can hold a conversation, once the list has told: those of the settings first. */
  get able(): string[] {
    const able = [...this.known.values()].filter(({ name, methods }) => methods.includes('generateContent') && !special.test(name))
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
  limits(model: string): Pick<ModelInfo, 'inputTokenLimit' | 'outputTokenLimit'> {
    return this.known.get(bare(model)) ?? {}
  }

  /** How many tokens a request may have with every model that is known: a question may come to any of them. */
  get room(): number {
    return Math.min(...this.configured.map(model => this.limits(model).inputTokenLimit || Infinity))
  }

  /** The models of the settings, and whether they are in the list, once there was one. */
  status() {
    return this.configured.map((name) => {
      return { name, isListed: this.isListed ? this.known.has(name) : undefined, limits: this.limits(name) }
    })
  }

  isFresh(now: number) {
    return now - this.learnt < FRESH
  }
}

/** A model by its name alone. */
export function bare(model: string) {
  return model.trim().replace(/^models\//, '')
}

export interface LookupOptions {
  engine: Engine
  ring: Ring
  models: Models
  clock: Clock
  signal: AbortSignal
}

/**
 * Asks which models there are, unless that was done a moment ago.
 * @throws {GeminiError}
 */
export async function lookup({ engine, ring, models, clock, signal }: LookupOptions) {
  if (models.isFresh(clock.now())) return
  const key = ring.pick('')
  if (key) models.learn(await engine.models({ key: key.secret, signal }), clock.now())
}

/** Asks again and again, in the background, until the signal aborts. That it fails harms nobody. Never rejects. */
export async function watch(options: LookupOptions, logger: Pick<Logger, 'debug'>) {
  const { clock, signal } = options
  for (let wait = FIRST; ; wait = DAY) {
    await clock.sleep(wait, signal)
    if (signal.aborted) return
    await lookup(options).catch(error => logger.debug('the models could not be listed: %s', report(error)))
  }
}
