import { createGeminiEngine } from './gemini'
import type { Timeouts } from './http/deadline'
import { createOpenAiEngine } from './openai'
import { ProviderEngines } from './providers'
import type { ProviderAddress } from './providers'
import type { Engine } from './types'
import { unavailableEngine } from './unavailable'

/**
 * Creates the engines of the providers. One whose settings are wrong fails with the reason for every question.
 * @param report called with the reason and the provider
 */
export function createEngines(
  providers: readonly ProviderAddress[], timeouts: Timeouts, report: (error: unknown, provider: string) => void,
): ProviderEngines {
  return new ProviderEngines(new Map(providers.map(({ name, ...address }): [string, Engine] => {
    try {
      return [name, createEngine({ name, ...address }, timeouts)]
    } catch (error) {
      report(error, name)
      return [name, unavailableEngine(error)]
    }
  })))
}

/** @throws {EngineError} if the proxy or the base URL is malformed */
function createEngine({ type, baseUrl, proxy }: ProviderAddress, timeouts: Timeouts): Engine {
  const { firstByteTimeout, idleTimeout, totalTimeout } = timeouts
  const options = { firstByteTimeout, idleTimeout, totalTimeout, baseUrl, proxy }
  switch (type) {
    case 'gemini': return createGeminiEngine(options)
    case 'openai': return createOpenAiEngine(options)
    default: return type satisfies never
  }
}
