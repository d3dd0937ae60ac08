import type { Engine } from './types'

/**
 * Stands in for an engine that could not be made, because a setting is wrong. It fails every question with the reason:
 * neither does the chat fall silent, nor is a proxy that cannot be used worked around.
 */
export function unavailableEngine(reason: unknown): Engine {
  const fail = () => Promise.reject(reason)
  return {
    stream: () => ({ [Symbol.asyncIterator]: () => ({ next: fail }) }),
    models: fail,
    dispose() {},
  }
}
