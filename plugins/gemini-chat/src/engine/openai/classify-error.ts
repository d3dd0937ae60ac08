import { EngineError, redact } from '../error'
import type { EngineErrorKind, EngineErrorReason } from '../error'
import { retryAfterMs } from '../http/failure'
import { isTooLong, isUnserved, isWithoutCredit, refusedFeature, tokenLimitIn } from '../refusals'
import { errorInCompletion } from './error-body'
import type { WireError } from './error-body'

export interface BodyHints {
  /** HTTP status of the response that had the body. */
  status?: number
  headers?: Headers
  /** The API key, to be removed from messages. */
  secret?: string
  /** Milliseconds since 1970, for a `Retry-After` that is a date. */
  now?: number
}

/** HTTP statuses of errors inside a stream, by their type or code. */
const STATUSES: Record<string, number> = {
  invalid_request_error: 400,
  authentication_error: 401,
  invalid_api_key: 401,
  permission_error: 403,
  not_found_error: 404,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  requests: 429,
  tokens: 429,
}

/**
 * Classifies the body of an error: its text, or what was parsed of it.
 * @see https://platform.openai.com/docs/guides/error-codes
 * @see https://api-docs.deepseek.com/quick_start/error_codes
 * @see https://help.aliyun.com/zh/model-studio/error-code
 */
export function classifyBody(body: unknown, hints: BodyHints = {}): EngineError {
  if (typeof body !== 'string') return fromError(errorInCompletion(body) ?? { message: 'an unknown error' }, hints)
  const error = parse(body)
  return error ? fromError(error, hints) : fromText(body, hints)
}

function parse(text: string): WireError | undefined {
  try {
    return errorInCompletion(JSON.parse(text))
  } catch {}
}

function fromError(error: WireError, hints: BodyHints): EngineError {
  const { message = error.code ?? error.type ?? 'no message', code, type, param } = error
  const status = statusOf(error, hints.status)
  return describe([message, code, type, param].filter(Boolean).join(' '), redact(String(message), hints.secret), status, hints)
}

/** The status of a response tells more than a code, unless an error comes in one of status 200. */
function statusOf({ code, type }: WireError, status = 0): number | undefined {
  if (status >= 400) return status
  return [Number(code), STATUSES[code ?? ''], STATUSES[type ?? '']].find(known => known! >= 400 && known! < 600)
}

/** @param text everything that the error says @param message what is shown of it */
function describe(text: string, message: string, status: number | undefined, hints: BodyHints): EngineError {
  const retryAfter = waitOf(text, hints)
  const kind = kindOf(status, text, retryAfter)
  if (kind === 'blocked') return new EngineError(kind, message, { status, reason: 'prompt' })
  const reason = kind === 'request' ? reasonOf(status, text) : undefined
  return new EngineError(kind, message, {
    status,
    retryAfter,
    reason,
    isProjectWide: kind === 'billing' || undefined,
    tokenLimit: reason === 'context' ? tokenLimitIn(message) : undefined,
  })
}

/** Words for an account without money that `isWithoutCredit` does not know. */
const NO_MONEY = /\barrearage\b|exceeded_current_quota|FreeTierOnly|account .{0,40}suspended/i

/** What filters of prompts are called: those of OpenAI, Azure, DeepSeek, Qwen, Zhipu and others. */
const FILTERED = new RegExp([
  'content[_ ]?(filter|policy|moderation)', 'data_?inspection', 'ResponsibleAIPolicy', 'content exists risk',
  'inappropriate content', 'moderation_blocked', '\\bsensitive (content|information|words?)', '敏感|违规|不合规|不当内容',
].join('|'), 'i')

const NO_MODEL = new RegExp([
  'model_?not_?found', 'model[^.]{0,80}(not (exist|found|available)|does not exist|n\'t exist)', 'no such model',
  '(unknown|invalid|unrecognized) model\\b', 'no available channel for model', '模型.{0,40}(不存在|未找到|无可用渠道)',
].join('|'), 'i')

const PER_DAY = /\bper day\b|\((RPD|TPD)\)|\bdaily\b|[每今当][日天]/i

function kindOf(status: number | undefined, text: string, retryAfter?: number): EngineErrorKind {
  if (isWithoutCredit(status, text) || NO_MONEY.test(text)) return 'billing'
  if (isUnserved(text) || /unsupported_country/i.test(text)) return 'region'
  if (FILTERED.test(text) && (status === undefined || (status >= 400 && status < 500 && status !== 429))) return 'blocked'
  const isModel = NO_MODEL.test(text)
  switch (status) {
    case 401: return 'auth'
    case 403: return isModel ? 'model' : 'auth'
    case 404: return refusedFeature(text) ? 'request' : isModel || /\bmodel\b/i.test(text) ? 'model' : 'protocol'
    case 407: return 'proxy'
    // A request that timed out, met another one, came too early or was cut off on the way: the next one may pass.
    case 408: case 409: case 425: case 499: return 'server'
    case 429: return PER_DAY.test(text) && !retryAfter ? 'quota-day' : 'rate'
  }
  if (reasonOf(status, text) === 'context') return 'request'
  if (isModel) return 'model'
  if (/\b(incorrect|invalid)[ _]api[ _]key\b/i.test(text)) return 'auth'
  if (status === undefined || status >= 500) return status === 501 && refusedFeature(text) ? 'request' : 'server'
  return 'request'
}

function reasonOf(status: number | undefined, text: string): EngineErrorReason | undefined {
  if (/context_length_exceeded|range of input length|exceeds the available context/i.test(text)) return 'context'
  return refusedFeature(text) ?? (isTooLong(status, text) ? 'context' : undefined)
}

/** Milliseconds to wait: by the headers, or as the message says it, such as `try again in 1m30.5s`. */
function waitOf(text: string, { headers, now }: BodyHints): number | undefined {
  const exact = Number(headers?.get('retry-after-ms'))
  if (exact > 0) return exact
  const stated = retryAfterMs(headers?.get('retry-after'), now)
  if (stated !== undefined) return stated
  const [, hours = 0, minutes = 0, seconds = 0, ms = 0] = /\b(?:again|retry) in (?:(\d+)h)?(?:(\d+)m(?!s))?(?:([\d.]+)s)?(?:(\d+)ms)?/i
    .exec(text) ?? []
  return Math.ceil((+hours * 3600 + +minutes * 60 + +seconds) * 1000 + +ms) || undefined
}

/** A body that is not JSON: the page of a gateway, or of a wrong address. */
function fromText(text: string, hints: BodyHints): EngineError {
  const { status = 0 } = hints
  const isPage = /<html|<!doctype/i.test(text)
  const title = (/<title>([^<]*)/i.exec(text)?.[1] ?? (isPage ? 'a page' : text)).replace(/\s+/g, ' ').trim()
  const message = redact(title || 'an empty response', hints.secret)
  if (status < 400 || (status === 404 && !NO_MODEL.test(title)) || (isPage && (status === 401 || status === 403))) {
    const what = `${message}: this is not an API in the dialect of OpenAI, check the base URL`
    return new EngineError('protocol', what, { status: status || undefined })
  }
  return describe(title, message, status, hints)
}
