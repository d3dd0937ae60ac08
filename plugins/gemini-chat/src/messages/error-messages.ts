import { EngineError } from '../engine/error'
import type { EngineErrorKind } from '../engine/error'
import { describeError } from '../util/describe-error'
import { localTime } from '../util/local-time'
import type { Message } from './i18n'

/** Why a task was aborted: a newer message took its place. */
export const REPLACED = 'replaced'

/** What the operator can do, where there is something. */
const hints: Partial<Record<EngineErrorKind, string>> = {
  auth: 'check apiKeys: create a key at Google AI Studio, and see that it is neither restricted nor expired',
  region: 'Google does not serve this place: set proxy to one that leaves in a supported region',
  model: 'check model and fallbackModels against the models your key may use',
  request: 'check the settings that were changed last',
  rate: 'add keys of other projects to apiKeys, or raise the quota',
  'quota-day': 'add keys of other projects to apiKeys, or enable billing; the quota returns at midnight Pacific time',
  server: 'the service is overloaded or down; it usually passes',
  network: 'check that this machine reaches baseUrl, directly or through proxy',
  proxy: 'check that proxy is running and its credentials are right',
  timeout: 'check the network, or raise firstByteTimeout, idleTimeout or totalTimeout',
  empty: 'the model said nothing; if it often happens, choose another model, raise outputTokens or lower thinking',
  protocol: 'check baseUrl',
}

/** What people are told. */
export function userMessage(error: unknown): Message {
  if (!(error instanceof EngineError)) return ['errors.unknown']
  const { kind, reason, retryAfter, until } = error
  if (kind === 'quota-day' && until && retryAfter) {
    return ['errors.quota-day-until', { time: localTime(until), hours: Math.ceil(retryAfter / 3_600_000) }]
  }
  if (kind === 'rate' && retryAfter) return ['errors.rate-wait', { seconds: Math.ceil(retryAfter / 1000) }]
  // Thinking has used up what the answer may have.
  if (kind === 'empty' && reason === 'length') return ['errors.empty-tokens']
  return [`errors.${kind}`]
}

/** What people are told about how an answer ended, beside what there is of it. */
export function endNotice(
  { isTruncated, text }: { isTruncated: boolean, text: string }, signal: AbortSignal, error: unknown,
): Message | undefined {
  if (error === undefined) return isTruncated ? ['truncated'] : undefined
  if (signal.aborted) return signal.reason === REPLACED ? ['replaced'] : ['stopped']
  if (!text) return userMessage(error)
  // To go on would lead to the same place.
  return error instanceof EngineError && error.kind === 'blocked' ? ['cut'] : ['interrupted']
}

/** What the operator is told: one line with the kind, the status, what happened and what to do. */
export function operatorMessage(error: unknown): string {
  if (!(error instanceof EngineError)) return `unexpected error: ${describeError(error)}`
  const { kind, status, message } = error
  const what = `${kind}${status ? ` (${status})` : ''}: ${message.replace(/\s+/g, ' ')}`
  return [what, hints[kind]].filter(Boolean).join('; ')
}
