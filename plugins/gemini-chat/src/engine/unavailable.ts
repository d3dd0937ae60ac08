import type { Engine, QuotaCalendar } from './types'

const DAY_MS = 86_400_000

const utcCalendar: QuotaCalendar = {
  dayOf: time => new Date(time).toISOString().slice(0, 10),
  nextReset: time => (Math.floor(time / DAY_MS) + 1) * DAY_MS,
}

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
