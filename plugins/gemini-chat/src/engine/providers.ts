import { EngineError } from './error'
import type { Engine, EngineOptions, EngineRequest, EngineType, QuotaCalendar } from './types'

/** The name of the provider of the top-level settings, whose models have plain names. */
export const DEFAULT_PROVIDER = 'gemini'

/** A service that answers, as the settings have it. */
export interface ProviderAddress {
  name: string
  type: EngineType
  baseUrl: string
  /** Proxy for the requests to this service only. */
  proxy?: string
}

/**
 * Splits `provider/model`. A name whose first part is no provider is a plain one, slashes included: many services have
 * models such as `Qwen/Qwen3-32B`.
 */
export function splitModel(model: string, providers: readonly string[]): { provider: string, name: string } {
  const slash = model.indexOf('/')
  const provider = model.slice(0, Math.max(0, slash))
  if (!providers.includes(provider)) return { provider: DEFAULT_PROVIDER, name: model }
  return { provider, name: model.slice(slash + 1) }
}

/** The full name of a model: plain at the default provider, `provider/model` at others. */
export function joinModel(provider: string, name: string): string {
  return provider === DEFAULT_PROVIDER ? name : `${provider}/${name}`
}

/** What people call a provider. */
export function providerTitle(provider = DEFAULT_PROVIDER): string {
  return provider === DEFAULT_PROVIDER ? 'Gemini' : provider
}

/** Several engines as one: the provider in the name of a model tells which of them is asked. */
export class ProviderEngines implements Engine {
  /** @param engines by provider; one of them is the default provider */
  constructor(private readonly engines: ReadonlyMap<string, Engine>) {}

  get quotaCalendar(): QuotaCalendar {
    return this.engineOf(DEFAULT_PROVIDER).quotaCalendar
  }

  calendarOf(provider: string): QuotaCalendar {
    return this.engineOf(provider).quotaCalendar
  }

  async* stream(request: EngineRequest, options: EngineOptions) {
    const { provider, name } = splitModel(request.model, [...this.engines.keys()])
    try {
      yield* this.engineOf(provider).stream({ ...request, model: name }, options)
    } catch (error) {
      throw error instanceof EngineError ? error.at(provider) : error
    }
  }

  models(options: EngineOptions) {
    return this.engineOf(options.provider ?? DEFAULT_PROVIDER).models(options)
  }

  dispose() {
    for (const engine of this.engines.values()) engine.dispose()
  }

  private engineOf(provider: string): Engine {
    const engine = this.engines.get(provider)
    if (!engine) throw new EngineError('model', `there is no provider ${provider}`)
    return engine
  }
}
