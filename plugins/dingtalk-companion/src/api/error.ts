import { CodedError } from 'common/errors'

/** Everything that can go wrong, for plugins that want to tell errors apart. */
export type DingtalkErrorCode =
  /** The access token is wrong or has expired, and a new one did not help. */
  | 'dingtalk/token-invalid'
  /** Too many calls in a second. Such calls are not billed. */
  | 'dingtalk/too-fast'
  /** The calls of this month are used up. */
  | 'dingtalk/quota-exhausted'
  /** The app lacks a permission: see `scope`. */
  | 'dingtalk/permission-denied'
  /** A card does not take so much text. */
  | 'dingtalk/content-too-large'
  /** This machine's address is banned, or not on the list of allowed addresses. */
  | 'dingtalk/address-blocked'
  /** The request never reached DingTalk. */
  | 'dingtalk/unreachable'
  /** The connection failed: the request may have taken effect. */
  | 'dingtalk/connection-failed'
  /** Any other refusal: see `message`. */
  | 'dingtalk/request-refused'
  /** The message to edit is not known, or was deleted. */
  | 'dingtalk/message-unknown'
  /** The message to delete is in a card that is closed. */
  | 'dingtalk/card-closed'
  /** The message to delete went by webhook: such messages cannot be recalled. */
  | 'dingtalk/message-unrecallable'

export interface DingtalkErrorOptions extends ErrorOptions {
  /** The missing permission, as DingTalk names it. */
  scope?: string
}

const transient: readonly DingtalkErrorCode[] = ['dingtalk/too-fast', 'dingtalk/connection-failed', 'dingtalk/unreachable']

const temporary: readonly DingtalkErrorCode[] = [
  ...transient, 'dingtalk/quota-exhausted', 'dingtalk/address-blocked', 'dingtalk/token-invalid',
]

/** A call that DingTalk did not carry out, or a message that cannot be edited. */
export class DingtalkError extends CodedError<DingtalkErrorCode> {
  override readonly name = 'DingtalkError'
  /** The missing permission, as DingTalk names it. */
  readonly scope?: string
  /** Plugins should not retry: what is worth a retry was retried, and a message might arrive twice. */
  readonly retryable = false

  constructor(code: DingtalkErrorCode, message: string, { scope, ...options }: DingtalkErrorOptions = {}) {
    super(code, message, options)
    this.scope = scope
  }

  /** The next call may succeed. */
  get isTransient(): boolean {
    return transient.includes(this.code)
  }

  /** The same call may succeed later, e.g. next month, after a ban or with another secret. */
  get isTemporary(): boolean {
    return temporary.includes(this.code)
  }
}

/**
 * Checks a result of the old API, which reports errors with the HTTP status 200.
 * @throws {DingtalkError}
 */
export function assertOldApi<T>(result: T): T {
  const { errcode = 0, errmsg = '' } = (result ?? {}) as { errcode?: number, errmsg?: string }
  if (!Number(errcode)) return result
  throw fromResponse(200, { code: String(errcode), message: errmsg })
}

interface ErrorBody {
  code: string
  message?: string
  accessdenieddetail?: { requiredScopes?: string[] }
}

/** @see https://open.dingtalk.com/document/orgapp/server-api-error-codes-1 */
const patterns: [RegExp, DingtalkErrorCode][] = [
  [/PermissionDenied/i, 'dingtalk/permission-denied'],
  [/QpsLimit/i, 'dingtalk/too-fast'],
  [/ApiCountLimit/i, 'dingtalk/quota-exhausted'],
  [/IpNotInWhiteList/i, 'dingtalk/address-blocked'],
  [/InvalidAuthentication|InvalidAccessToken|access_token/i, 'dingtalk/token-invalid'],
  [/too ?large/i, 'dingtalk/content-too-large'],
]

/** System errors after which the request has certainly not been sent. */
const unsent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])

/** Classifies what a call of the stock adapter threw: an error with a response, or with the response in its message. */
export function toDingtalkError(error: unknown): DingtalkError {
  if (error instanceof DingtalkError) return error
  const { response, message = '' } = error as { response?: { status: number, data: unknown }, message?: string }
  if (response) return fromResponse(response.status, response.data)
  const [, status, text] = /^\[(\d{3})\] ([^]*)$/.exec(message) ?? []
  if (status) return fromResponse(Number(status), parse(text))
  const code = systemCode(error)
  if (code && unsent.has(code)) return new DingtalkError('dingtalk/unreachable', `DingTalk cannot be reached (${code})`)
  // The original message is left out: it may contain the whole URL.
  return new DingtalkError('dingtalk/connection-failed', `the connection to DingTalk failed${code ? ` (${code})` : ''}`)
}

/** The system's code of a failure, which may be several causes deep. */
function systemCode(error: unknown): string | undefined {
  const { code, cause, errors } = error as { code?: unknown, cause?: unknown, errors?: unknown[] }
  if (typeof code === 'string') return code
  const deeper = cause ?? errors?.[0]
  return deeper ? systemCode(deeper) : undefined
}

/**
 * Checks that a result is data. Banned addresses get an HTML page, with status 200 as well.
 * @throws {DingtalkError}
 */
export function assertData<T>(result: T): T {
  if (typeof result === 'object' && result) return result
  throw new DingtalkError('dingtalk/address-blocked', 'DingTalk answers with a page instead of data')
}

function fromResponse(status: number, data: unknown): DingtalkError {
  if (!isErrorBody(data)) {
    return status >= 500
      ? new DingtalkError('dingtalk/connection-failed', `DingTalk fails with status ${status}`)
      : new DingtalkError('dingtalk/address-blocked', `DingTalk refuses this address with status ${status}`)
  }
  const { code: name, message = '', accessdenieddetail } = data
  const text = `${name} ${message}`
  const code = patterns.find(([pattern]) => pattern.test(text))?.[1]
    ?? (status === 401 ? 'dingtalk/token-invalid' : 'dingtalk/request-refused')
  const [scope] = accessdenieddetail?.requiredScopes ?? /\[([\w.]+)\]/.exec(message)?.slice(1) ?? []
  return new DingtalkError(code, text.replace(/\s+/g, ' ').slice(0, 200), {
    scope: code === 'dingtalk/permission-denied' ? scope : undefined,
  })
}

function isErrorBody(data: unknown): data is ErrorBody {
  return typeof (data as Partial<ErrorBody> | undefined)?.code === 'string'
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {}
}
