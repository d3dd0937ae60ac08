import { Service } from 'koishi'
import type { HTTP } from 'koishi'
import { toDingtalkError } from './error'

/** Error codes of the old API that say that the access token is wrong or has expired. */
const OLD_API_TOKEN_ERRORS = new Set([40001, 40014, 42001])

/** These carry the app's secret instead of a token. */
const WITHOUT_TOKEN = /oauth2\/accessToken|gateway\/connections\/open/

export interface TokenSource {
  /** The token that calls carry at present. */
  readonly token: string | undefined
  /** The client that calls of this kind use at present. */
  http(): HTTP
  refresh(): Promise<void>
}

/**
 * Makes an HTTP client get a new token when DingTalk refuses the one it has, and repeat the call once. It works for
 * everything that is sent through the bot, by whatever plugin.
 */
export function withFreshToken(http: HTTP, source: TokenSource): HTTP {
  // Every call ends in this method, whether of the client itself, of `post` and so on, or of a proxy around it.
  const { [Service.invoke]: send } = http as unknown as Record<symbol, (...args: unknown[]) => Promise<unknown>>
  const client = http.extend()
  Object.defineProperty(client, Service.invoke, { value: invoke })
  return client

  async function invoke(this: HTTP, ...args: unknown[]): Promise<unknown> {
    if (args.some(arg => typeof arg === 'string' && WITHOUT_TOKEN.test(arg))) return send.apply(this, args)
    const { token } = source
    const first = await attempt(() => send.apply(this, args))
    if (!isTokenRefused(first)) return result(first)
    if (source.token === token) await source.refresh()
    return Reflect.apply(source.http(), undefined, args.map(arg => replaceToken(arg, source.token)))
  }
}

type Outcome = { response: unknown } | { error: unknown }

async function attempt(request: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { response: await request() }
  } catch (error) {
    return { error }
  }
}

function result(outcome: Outcome): unknown {
  if ('error' in outcome) throw outcome.error
  return outcome.response
}

function isTokenRefused(outcome: Outcome): boolean {
  if ('error' in outcome) return toDingtalkError(outcome.error).code === 'dingtalk/token-invalid'
  const { data } = outcome.response as { data?: { errcode?: unknown } | null }
  return typeof data === 'object' && OLD_API_TOKEN_ERRORS.has(Number(data?.errcode))
}

/** The old API takes the token as a parameter. */
function replaceToken(arg: unknown, token: string | undefined): unknown {
  const { params } = (arg ?? {}) as { params?: { access_token?: string } }
  return params?.access_token ? { ...arg as object, params: { ...params, access_token: token } } : arg
}
