/**
 * The one error the rest of the plugin sees of a model.
 *
 * - `auth`: the key is wrong, expired or not allowed here
 * - `region`: Google does not serve the place the request comes from
 * - `model`: no such model, or not any more
 * - `request`: the request was refused as it is; sending it again changes nothing
 * - `rate`: too many requests or tokens per minute; see `retryAfter`
 * - `quota-day`: the project's quota of the day is used up
 * - `server`: Google's or a relay's fault
 * - `network`: no connection, or it broke
 * - `proxy`: the configured proxy cannot be used; nothing was sent past it
 * - `timeout`: first byte, idle or total, see `reason`
 * - `aborted`: ended by us
 * - `blocked`: the prompt (`block`) or the answer (`reason`) was stopped by a filter
 * - `empty`: the model said nothing, see `reason`
 * - `protocol`: what answered does not speak Gemini
 */
export type EngineErrorKind =
  | 'auth' | 'region' | 'model' | 'request' | 'rate' | 'quota-day' | 'server' | 'network' | 'proxy' | 'timeout'
  | 'aborted' | 'blocked' | 'empty' | 'protocol'

export interface EngineErrorDetails {
  /** HTTP status, or the `code` of an error inside a stream. */
  status?: number
  /** Milliseconds to wait before the next try, as the server says. */
  retryAfter?: number
  /** When there is quota again, in milliseconds since 1970. */
  until?: number
  /** The `quotaId` that was exceeded. */
  quota?: string
  /** Why the prompt was blocked: the wire's `blockReason`. */
  block?: string
  /** The wire's `finishReason` or `ErrorInfo.reason`, the timer that ran out, or `THOUGHT_SIGNATURE`. */
  reason?: string
}

/**
 * Tells no secrets: texts from outside go through `redact`, and there is no `cause`, since what lies below may hold
 * keys, addresses with credentials, or whole requests.
 */
export class EngineError extends Error implements EngineErrorDetails {
  override readonly name = 'GeminiError'
  declare readonly status?: number
  declare readonly retryAfter?: number
  declare readonly until?: number
  declare readonly quota?: string
  declare readonly block?: string
  declare readonly reason?: string

  constructor(readonly kind: EngineErrorKind, message: string, details: EngineErrorDetails = {}) {
    super(message)
    for (const [key, value] of Object.entries(details)) {
      if (value !== undefined) Object.assign(this, { [key]: value })
    }
  }

  /** Whether the same request may succeed if it is sent again, with the same key and model. */
  get retryable(): boolean {
    switch (this.kind) {
      case 'rate': case 'server': case 'network': return true
      case 'timeout': return this.reason === 'first-byte'
      // A budget spent on thinking is spent again.
      case 'empty': return this.reason !== 'MAX_TOKENS' && this.reason !== 'CONTINUATION'
      default: return false
    }
  }
}

const MAX_MESSAGE_CHARS = 500

/**
 * Takes keys and credentials out of a text, and what is too long to read.
 * @param secret a key of a form we may not know; one too short to be a key would only mangle the text
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
