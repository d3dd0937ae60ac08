import { GeminiChatError } from '../util/errors'
import type { GeminiChatErrorCode } from '../util/errors'
import type { ModelFeature } from './types'

/**
 * What went wrong with a request to a model.
 *
 * - `auth`: the key is wrong, expired or not allowed to do this
 * - `region`: the provider does not serve the place the request comes from
 * - `model`: the model does not exist or has been shut down
 * - `request`: the request was refused; sending the same one again changes nothing
 * - `rate`: too many requests or tokens per minute, see `retryAfter`
 * - `quota-day`: the daily quota of the project is used up
 * - `billing`: there is no money, or no quota at all for this model; waiting does not help
 * - `server`: the provider or a relay failed or is overloaded
 * - `network`: no connection, or it broke
 * - `proxy`: the configured proxy cannot be used; nothing was sent around it
 * - `timeout`: one of three timers ran out, see `reason`
 * - `aborted`: ended on our side
 * - `blocked`: a filter stopped the prompt or the answer, see `reason`
 * - `empty`: the answer has no content
 * - `incomplete`: the model broke the answer off, `detail` has its word for it
 * - `protocol`: the response does not follow the API
 */
export type EngineErrorKind =
  | 'auth' | 'region' | 'model' | 'request' | 'rate' | 'quota-day' | 'billing' | 'server' | 'network' | 'proxy'
  | 'timeout' | 'aborted' | 'blocked' | 'empty' | 'incomplete' | 'protocol'

/**
 * What the kind alone does not tell: which timer ran out (`first-byte`, `idle`, `total`), what was blocked (`prompt`,
 * `answer`), or that an empty answer reached its token limit (`length`), is a call of a tool that does not exist
 * (`call`), or came after too many rounds of calls (`rounds`). Or why a request was refused: because of what an answer
 * in the history carries for the engine alone (`signatures`, see `EngineRequest.portable`), because it is too long
 * (`context`), or because the model lacks a feature.
 */
export type EngineErrorReason =
  | 'first-byte' | 'idle' | 'total' | 'prompt' | 'answer' | 'length' | 'call' | 'rounds' | 'signatures' | 'context'
  | ModelFeature

export interface EngineErrorDetails {
  /** HTTP status, or the code of an error inside a stream. */
  status?: number
  /** Milliseconds to wait before the next try, as the server says. */
  retryAfter?: number
  /** When there is quota again, in milliseconds since 1970. */
  until?: number
  /** The provider's name of the quota that was exceeded. */
  quota?: string
  /** That quota counts all models of the project, not one model. */
  isProjectWide?: boolean
  reason?: EngineErrorReason
  /** The tokens that the model takes, if a request had more. */
  tokenLimit?: number
  /** The provider's own word for the reason, for logs. */
  detail?: string
  /** The name of the provider that was asked, as the settings have it; the default one unless given. */
  provider?: string
}

const CODES: Record<EngineErrorKind, GeminiChatErrorCode> = {
  auth: 'gemini-chat/key-refused',
  region: 'gemini-chat/region-not-served',
  model: 'gemini-chat/model-not-found',
  request: 'gemini-chat/request-refused',
  rate: 'gemini-chat/rate-limited',
  'quota-day': 'gemini-chat/quota-exhausted',
  billing: 'gemini-chat/no-credit',
  server: 'gemini-chat/server-error',
  network: 'gemini-chat/network-failed',
  proxy: 'gemini-chat/proxy-failed',
  timeout: 'gemini-chat/timed-out',
  aborted: 'gemini-chat/aborted',
  blocked: 'gemini-chat/content-blocked',
  empty: 'gemini-chat/empty-answer',
  incomplete: 'gemini-chat/answer-incomplete',
  protocol: 'gemini-chat/unexpected-response',
}

/**
 * The only error an engine throws. It carries no secrets: messages from outside go through `redact`, and there is no
 * `cause`, because the errors below may hold keys, addresses with credentials, or whole requests.
 */
export class EngineError extends GeminiChatError implements EngineErrorDetails {
  override readonly name = 'EngineError'
  declare readonly status?: number
  declare readonly retryAfter?: number
  declare readonly until?: number
  declare readonly quota?: string
  declare readonly isProjectWide?: boolean
  declare readonly reason?: EngineErrorReason
  declare readonly tokenLimit?: number
  declare readonly detail?: string
  declare readonly provider?: string

  constructor(readonly kind: EngineErrorKind, message: string, details: EngineErrorDetails = {}) {
    super(CODES[kind], message)
    for (const [key, value] of Object.entries(details)) {
      if (value !== undefined) Object.assign(this, { [key]: value })
    }
  }

  /** The same error, of a provider. */
  at(provider: string): EngineError {
    return Object.assign(this, { provider })
  }

  /** Whether the same request may succeed when it is sent again with the same key and model. */
  get retryable(): boolean {
    switch (this.kind) {
      case 'rate': case 'server': case 'network':
        return true
      case 'timeout':
        return this.reason === 'first-byte'
      case 'empty':
        // A budget that was spent on thinking would be spent again.
        return this.reason !== 'length' && this.reason !== 'call' && this.reason !== 'rounds'
      case 'auth': case 'region': case 'model': case 'request': case 'quota-day': case 'billing': case 'proxy':
      case 'aborted': case 'blocked': case 'incomplete': case 'protocol':
        return false
      default:
        return this.kind satisfies never
    }
  }
}

const MAX_MESSAGE_CHARS = 500

/**
 * Removes keys and credentials from a text, and shortens it to 500 characters.
 * @param secret a key whose form the patterns here may not match; ignored if shorter than 8 characters
 */
export function redact(text: string, secret = ''): string {
  if (secret.length >= 8) text = text.replaceAll(secret, '***')
  const clean = text
    .replace(/\bAIza[\w-]{10,}/g, '***')
    .replace(/\bAQ\.[\w-]{8,}/g, '***')
    .replace(/([?&]key=)[^&\s"']+/gi, '$1***')
    .replace(/\b(Bearer|Basic) +[\w.~+/=-]+/gi, '$1 ***')
    .replace(/:\/\/[^\s/?#"']*@/g, '://***@')
  return clean.length > MAX_MESSAGE_CHARS ? clean.slice(0, MAX_MESSAGE_CHARS) + '…' : clean
}
