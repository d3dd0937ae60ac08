import { ProxyError } from 'common/proxy'
import { EngineError, redact } from '../error'

export interface FailureHints {
  /** It happened while connecting to or through the proxy. */
  proxy?: boolean
  /** The API key, to be removed from messages. */
  secret?: string
  /** What happened, if the message of the error says more than that. */
  text?: string
}

type Failure = Error & Partial<Record<'code' | 'errors', unknown>>

/** Classifies a failure below HTTP: an error of Node or of the proxy. An `EngineError` stays what it is. */
export function classifyFailure(cause: unknown, hints: FailureHints = {}): EngineError {
  if (cause instanceof EngineError) return cause
  if (cause instanceof ProxyError) {
    // What Node says names the host of the proxy, which tells more than a code.
    if (cause.cause instanceof Error) return classifyFailure(cause.cause, { secret: hints.secret, proxy: true })
    return new EngineError('proxy', cause.message, { status: cause.status })
  }
  if (!(cause instanceof Error)) return new EngineError('protocol', redact(String(cause), hints.secret))
  const error: Failure = cause
  const { text = error.message } = hints
  const inner = Array.isArray(error.errors) ? error.errors.map(each => String(each?.message)).join(', ') : ''
  const code = typeof error.code === 'string' ? error.code : ''
  const plain = CUT_OFF.test(text) ? 'the connection was cut off' : text || inner
  const message = redact(code && !plain.includes(code) ? `${plain} (${code})` : plain, hints.secret)
  if (hints.proxy || /\b(socks|proxy)/i.test(text)) return new EngineError('proxy', message)
  if (error.name === 'AbortError' || /AbortError$/.test(error.constructor.name)) {
    return new EngineError('aborted', 'the request was aborted')
  }
  return new EngineError(NETWORK.test(code) ? 'network' : 'protocol', message)
}

/** Node's messages when the other side closes the connection, before or within the response. */
const CUT_OFF = /^(socket hang up|aborted|terminated)$/

/** Codes of sockets, DNS and certificates, but not of malformed HTTP (`HPE_…`) or of misused functions (`ERR_…`). */
const NETWORK = /^(?!HPE_|ERR_).|^ERR_(TLS|SSL|STREAM|SOCKET)/

/**
 * Milliseconds of a `Retry-After` header, which holds seconds or a date.
 * @param now milliseconds since 1970
 */
export function retryAfterMs(value: string | null | undefined, now = Date.now()): number | undefined {
  if (!value) return
  const seconds = Number(value)
  const wait = Number.isNaN(seconds) ? Date.parse(value) - now : seconds * 1000
  return Number.isNaN(wait) ? undefined : Math.max(0, wait)
}
