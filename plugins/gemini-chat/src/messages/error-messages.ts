import { EngineError } from '../engine/error'
import { DEFAULT_PROVIDER, providerTitle } from '../engine/providers'
import type { EngineErrorKind } from '../engine/error'
import { describeError } from 'common/errors'
import { localTime } from '../util/local-time'
import type { Message } from './i18n'

/** Abort reason of a task that a newer message replaces. */
export const REPLACED = 'replaced'

/** What the operator can do about an error; undefined where there is nothing to do. */
const hints: Record<EngineErrorKind, string | undefined> = {
  auth: 'check apiKeys of the provider: see that they are neither restricted nor expired',
  region: 'the provider does not serve this location: set proxy to one in a supported region',
  model: 'check model and fallbackModels against the models your key may use',
  request: 'check the settings that were changed last',
  rate: 'add keys of other projects to apiKeys, or raise the quota',
  'quota-day': 'add keys of other projects to apiKeys, or enable billing; the quota resets at midnight Pacific time',
  billing: 'top up the account or enable billing, add keys of other projects to apiKeys, or choose a model that is free',
  server: 'the service is overloaded or down; it usually recovers by itself',
  network: 'check that this machine reaches baseUrl of the provider, directly or through its proxy',
  proxy: 'check that proxy is running and its credentials are right',
  timeout: 'check the network, or raise firstByteTimeout, idleTimeout or totalTimeout',
  aborted: undefined,
  blocked: undefined,
  empty: 'if this happens often, choose another model, raise outputTokens or lower thinking',
  incomplete: 'if this happens often, choose another model',
  protocol: 'check baseUrl',
}

/** Where the advice differs for other providers than Gemini. */
const otherHints: Partial<typeof hints> = {
  auth: 'check the keys of this provider: that they are complete, have not expired and may use the model',
  rate: 'add keys of other accounts, or raise the quota',
  'quota-day': 'add keys of other accounts, or raise the quota',
  billing: 'top up the account, add keys of other accounts, or choose another model',
}

/** The message for the person who asked. */
export function userMessage(error: unknown): Message {
  if (!(error instanceof EngineError)) return ['errors.unknown']
  const { kind, reason, retryAfter, until, detail } = error
  const params = { provider: providerTitle(error.provider) }
  switch (kind) {
    case 'quota-day':
      if (!until || !retryAfter) return ['errors.quota-day']
      return ['errors.quota-day-until', { time: localTime(until), hours: Math.ceil(retryAfter / 3_600_000) }]
    case 'rate':
      return retryAfter ? ['errors.rate-wait', { seconds: Math.ceil(retryAfter / 1000) }] : ['errors.rate']
    case 'empty':
      if (reason === 'call') return ['errors.call', { names: detail }]
      if (reason === 'rounds') return ['errors.rounds', { rounds: detail }]
      // Thinking used up the token limit of the answer.
      return [reason === 'length' ? 'errors.empty-tokens' : 'errors.empty']
    case 'request':
      return reason === 'context' ? ['errors.too-long'] : ['errors.request', params]
    case 'model': case 'aborted': case 'incomplete':
      return [`errors.${kind}`]
    case 'auth': case 'region': case 'billing': case 'server': case 'network': case 'proxy': case 'timeout':
    case 'blocked': case 'protocol':
      return [`errors.${kind}`, params]
    default:
      return kind satisfies never
  }
}

/** The line below an answer that says how it ended; undefined if it ended by itself. */
export function endNotice(
  { isTruncated, text }: { isTruncated: boolean, text: string }, signal: AbortSignal, error: unknown,
): Message | undefined {
  if (error === undefined) return isTruncated ? ['truncated'] : undefined
  if (signal.aborted) return signal.reason === REPLACED ? ['replaced'] : ['stopped']
  if (!text) return userMessage(error)
  // A filtered answer is not offered to be continued: it would be filtered again.
  const isCut = error instanceof EngineError && error.kind === 'blocked'
  return isCut ? ['cut', { provider: providerTitle(error.provider) }] : ['interrupted']
}

/** One line for the log: kind, status, what happened, and what to do. */
export function operatorMessage(error: unknown): string {
  if (!(error instanceof EngineError)) return `unexpected error: ${describeError(error)}`
  const { kind, status, message, provider = DEFAULT_PROVIDER } = error
  const isDefault = provider === DEFAULT_PROVIDER
  const place = isDefault ? '' : ` at ${provider}`
  const what = `${kind}${status ? ` (${status})` : ''}${place}: ${message.replace(/\s+/g, ' ')}`
  const hint = isDefault ? hints[kind] : otherHints[kind] ?? hints[kind]
  return [what, hint].filter(Boolean).join('; ')
}
