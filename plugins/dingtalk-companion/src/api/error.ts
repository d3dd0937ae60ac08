/**
 * Why DingTalk did not do what it was asked for.
 *
 * `qps`: too fast, and not billed. `count`: the month's calls are used up. `banned`: this address asked too much, or is
 * not on the list of those that may. `unsent`: it never reached DingTalk. `network`: nobody knows.
 */
export type RefusalKind =
  'token' | 'qps' | 'count' | 'permission' | 'large' | 'banned' | 'unsent' | 'network' | 'other'

/** A call that failed. */
export class Refusal extends Error {
  override readonly name = 'Refusal'

  /** @param scope the permission that is missing, as DingTalk names it */
  constructor(readonly kind: RefusalKind, message: string, readonly scope?: string) {
    super(message)
  }

  /** Whether the next call may fare better. */
  get isPassing(): boolean {
    return ['qps', 'network', 'unsent'].includes(this.kind)
  }

  /** Whether a later one may: the month ends, and so do bans. */
  get mayPass(): boolean {
    return this.isPassing || this.kind === 'count' || this.kind === 'banned'
  }
}

interface Body {
  code: string
  message?: string
  accessdenieddetail?: { requiredScopes?: string[] }
}

/** https://open.dingtalk.com/document/orgapp/server-api-error-codes-1 */
const kinds: [RegExp, RefusalKind][] = [
  [/PermissionDenied/i, 'permission'],
  [/QpsLimit/i, 'qps'],
  [/ApiCountLimit/i, 'count'],
  [/IpNotInWhiteList/i, 'banned'],
  [/InvalidAuthentication|InvalidAccessToken|access_token/i, 'token'],
  [/too ?large/i, 'large'],
]

const unreached = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])

/** The error of the adapter in one of its forms: with a response, or with the response in its message. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const { response, message = '' } = error as { response?: { status: number, data: unknown }, message?: string }
  if (response) return refused(response.status, response.data)
  const [, status, text] = /^\[(\d{3})\] ([^]*)$/.exec(message) ?? []
  if (status) return refused(Number(status), parse(text))
  const code = codeOf(error)
  if (code && unreached.has(code)) return new Refusal('unsent', `DingTalk cannot be reached (${code})`)
  // The message may name the whole address.
  return new Refusal('network', `the connection to DingTalk failed${code ? ` (${code})` : ''}`)
}

/** The system's name for a failure, which lies some causes deep. */
function codeOf(error: unknown): string | undefined {
  const { code, cause, errors } = error as { code?: unknown, cause?: unknown, errors?: unknown[] }
  if (typeof code === 'string') return code
  const deeper = cause ?? errors?.[0]
  return deeper ? codeOf(deeper) : undefined
}

/** What came back, if it is what DingTalk's APIs answer. Who is banned gets a page, with whatever status. */
export function checked<T>(result: T): T {
  if (typeof result === 'object' && result) return result
  throw new Refusal('banned', 'DingTalk answers with a page instead of data')
}

function refused(status: number, data: unknown): Refusal {
  if (!isBody(data)) {
    return status >= 500
      ? new Refusal('network', `DingTalk fails with status ${status}`)
      : new Refusal('banned', `DingTalk refuses this address with status ${status}`)
  }
  const { code, message = '', accessdenieddetail } = data
  const text = `${code} ${message}`
  const kind = kinds.find(([pattern]) => pattern.test(text))?.[1] ?? (status === 401 ? 'token' : 'other')
  const [scope] = accessdenieddetail?.requiredScopes ?? /\[([\w.]+)\]/.exec(message)?.slice(1) ?? []
  return new Refusal(kind, text.replace(/\s+/g, ' ').slice(0, 200), kind === 'permission' ? scope : undefined)
}

function isBody(data: unknown): data is Body {
  return typeof (data as Partial<Body> | undefined)?.code === 'string'
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {}
}
