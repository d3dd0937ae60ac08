import { ProxyError } from 'common/proxy'
import type { EngineErrorDetails, EngineErrorKind, EngineErrorReason } from '../error'
import { EngineError, redact } from '../error'
import { classifyFailure, retryAfterMs } from '../http/failure'
import { isTooLong, isUnserved, isWithoutCredit, refusedFeature, tokenLimitIn, ZERO_QUOTA } from '../refusals'

/** Facts about a failure that the failure itself does not contain. */
export interface Hints {
  /** HTTP status of the response that had the body. */
  status?: number
  /** `Retry-After` of that response. */
  retryAfter?: string | null
  /** It happened while connecting to or through the proxy. */
  proxy?: boolean
  /** The address is not Google's. */
  isRelay?: boolean
  /** The API key, to be removed from messages. */
  secret?: string
  /** Milliseconds since 1970, for a `Retry-After` that is a date. */
  now?: number
}

/** @see https://cloud.google.com/apis/design/errors#error_model */
interface WireError {
  code?: number | string
  type?: string
  message?: string
  status?: string
  details?: WireDetail[]
}

interface WireDetail {
  reason?: string
  retryDelay?: string
  violations?: { quotaId?: string, quotaValue?: string | number }[]
}

/**
 * HTTP statuses of errors inside a stream, which may have a name only.
 * @see https://cloud.google.com/apis/design/errors#handling_errors
 */
const HTTP_STATUS: Record<string, number> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  UNKNOWN: 500,
  INTERNAL: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
}

/**
 * Classifies any failure: an error of Node, of the SDK or of a proxy agent, or the body of an error response (text or
 * parsed, bare or wrapped in an array).
 * @see https://ai.google.dev/gemini-api/docs/troubleshooting
 */
export function classifyError(cause: unknown, hints: Hints = {}): EngineError {
  if (cause instanceof EngineError) return cause
  if (cause instanceof ProxyError) return classifyFailure(cause, hints)
  if (cause instanceof Error) return fromError(cause as Failure, hints)
  if (typeof cause === 'string') {
    const body = parse(cause)
    return body ? fromWire(body, hints) : fromText(cause, hints)
  }
  return fromWire(errorInBody(cause) ?? { message: 'an unknown error' }, hints)
}

/** The error in the body of a response or an event; undefined if there is none. */
export function errorInBody(body: unknown): WireError | undefined {
  const outer: unknown = Array.isArray(body) ? body[0] : body
  if (!outer || typeof outer !== 'object') return
  const { error, errors } = outer as { error?: unknown, errors?: unknown }
  if (typeof error === 'string') return { ...bareError(outer), message: error }
  if (error && typeof error === 'object') return error
  if (Array.isArray(errors) && errors.length) return errorInBody({ error: errors[0] })
  return 'candidates' in outer ? undefined : bareError(outer)
}

/** An error as some relays write it, without `error` around it. */
function bareError(body: object): WireError | undefined {
  const { code, status, ...rest } = body as Record<string, unknown>
  const text = [rest.message, rest.msg, rest.detail, rest.error_description].find(text => typeof text === 'string' && text)
  if (text === undefined) return
  const known = [code, status].find(value => typeof value === 'number' || typeof value === 'string')
  return { code: known as number | string | undefined, message: text as string }
}

function parse(text: string) {
  try {
    return errorInBody(JSON.parse(text))
  } catch {}
}

function fromWire(error: WireError, hints: Hints): EngineError {
  const status = [Number(error.code), HTTP_STATUS[error.status ?? ''], hints.status].find(code => code! >= 300 && code! < 600)
  const details = Array.isArray(error.details) ? error.details : []
  const message = redact(String(error.message ?? error.status ?? 'no message'), hints.secret)
  const violations = details.flatMap(detail => detail.violations ?? [])
  const quotas = violations.map(violation => violation.quotaId ?? '')
  const quota = quotas.find(id => /PerDay/i.test(id)) ?? quotas[0]
  const detail = details.find(detail => detail.reason)?.reason
  const text = [error.message, error.code, error.type, error.status, detail].join(' ')
  const hasZeroQuota = violations.some(({ quotaValue }) => quotaValue !== undefined && Number(quotaValue) === 0)
  const kind = isWithoutCredit(status, text, hasZeroQuota) ? 'billing' : kindOf(status, message, { quota, detail })
  const reason = kind === 'request' ? reasonOf(status, message) : undefined
  const known: EngineErrorDetails = {
    status,
    quota,
    isProjectWide: isProjectWide(kind, text, hasZeroQuota, quota) || undefined,
    retryAfter: delay(details.find(detail => detail.retryDelay)?.retryDelay ?? /retry in ([\d.]+m?s)/i.exec(message)?.[1])
      ?? retryAfterMs(hints.retryAfter, hints.now),
    reason,
    tokenLimit: reason === 'context' ? tokenLimitIn(message) : undefined,
    detail,
  }
  return new EngineError(kind, message, known)
}

/** A quota of zero is that of a model. Without money, no model answers. */
function isProjectWide(kind: EngineErrorKind, text: string, hasZeroQuota: boolean, quota?: string): boolean {
  if (kind === 'billing') return !hasZeroQuota && !ZERO_QUOTA.test(text)
  return quota !== undefined && !/PerModel/i.test(quota)
}

function reasonOf(status: number | undefined, message: string): EngineErrorReason | undefined {
  if (/thought.?signature/i.test(message)) return 'signatures'
  return refusedFeature(message) ?? (isTooLong(status, message) ? 'context' : undefined)
}

function kindOf(status: number | undefined, message: string, { quota, detail }: EngineErrorDetails): EngineErrorKind {
  if (/^API_KEY|ACCESS_TOKEN|CREDENTIALS|CONSUMER_/.test(detail ?? '')) return 'auth'
  if (/API key (not valid|expired|not found)|pass a valid API key/i.test(message)) return 'auth'
  if (isUnserved(message)) return 'region'
  switch (status) {
    case 401: case 403: return 'auth'
    case 404: return refusedFeature(message) ? 'request' : 'model'
    case 407: return 'proxy'
    // A request that timed out, that met another one, came too early or was cut off on the way: the next one may pass.
    case 408: case 409: case 425: case 499: return 'server'
    case 501: return refusedFeature(message) ? 'request' : 'server'
    case 429: return /PerDay/i.test(quota ?? '') ? 'quota-day' : 'rate'
  }
  if (status === undefined || status >= 500) return 'server'
  return status >= 400 ? 'request' : 'protocol'
}

/** A body that is not JSON: the page of a gateway, of a relay, or of a wrong address. */
function fromText(text: string, hints: Hints): EngineError {
  const { status = 0 } = hints
  const about = { status: status || undefined, retryAfter: retryAfterMs(hints.retryAfter, hints.now) }
  const title = (/<title>([^<]*)/i.exec(text)?.[1] ?? text).replace(/\s+/g, ' ').trim()
  const message = redact(title || 'an empty response', hints.secret)
  const isPage = /<html|<!doctype/i.test(text)
  if (isWithoutCredit(status, isPage ? message : text)) return new EngineError('billing', message, { ...about, isProjectWide: true })
  // Google's front end rejects regions it does not serve with an HTML page. Other pages are those of a gateway.
  if (status === 403 && isPage && (!hints.isRelay || GOOGLE_PAGE.test(text))) return new EngineError('region', message, about)
  if (status === 404 || status < 400 || (isPage && (status === 401 || status === 403))) {
    return new EngineError('protocol', `${message}: this is not a Gemini API, check the base URL`, about)
  }
  const kind = kindOf(status, message, {})
  return new EngineError(kind, message, { ...about, reason: kind === 'request' ? reasonOf(status, message) : undefined })
}

/** The title and the text of the page with which Google's front end refuses a request. */
const GOOGLE_PAGE = /Error 403 \(Forbidden\)!!1|Your client does not have permission to get URL/

type Failure = Error & Partial<Record<'status' | 'errorDetails', unknown>>

function fromError(error: Failure, hints: Hints): EngineError {
  // `[GoogleGenerativeAI Error]: Error fetching from https://…: [429 Too Many Requests] …`
  const text = error.message.replace(/^\[GoogleGenerativeAI Error\]: /, '')
    .replace(/^Error fetching from \S+: /, '').replace(/^\[\d+ [^\]]*\] /, '')
  if (typeof error.status !== 'number') return classifyFailure(error, { ...hints, text })
  const details = error.errorDetails as WireDetail[] | undefined
  return fromWire({ code: error.status, message: text, details }, hints)
}

/**
 * Milliseconds of a duration such as `36s` or `0.5s`.
 * @see https://protobuf.dev/reference/protobuf/google.protobuf/#duration
 */
function delay(duration: unknown): number | undefined {
  const [, amount, unit] = /^([\d.]+)(m?s)$/.exec(String(duration)) ?? []
  return amount ? Math.ceil(Number(amount) * (unit === 's' ? 1000 : 1)) : undefined
}
