import type { Engine } from './types'
import { utcCalendar } from './utc-calendar'

/**
 * Stands in for an engine that could not be created because a setting is wrong. Every question fails with the reason,
 * so the bot explains itself instead of staying silent, and nothing goes around a proxy that cannot be used.
 */
export function unavailableEngine(reason: unknown): Engine {
  const fail = () => Promise.reject(reason)
  return {
    quotaCalendar: utcCalendar,
    stream: () => ({ [Symbol.asyncIterator]: () => ({ next: fail }) }),
    models: fail,
    dispose() {},
  }
}
