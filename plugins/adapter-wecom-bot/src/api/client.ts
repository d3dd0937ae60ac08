import type { ApiFailure } from '../util/errors'
import { WecomError } from '../util/errors'
import { ProxyError } from './proxy-error'
import type { Transport } from './http'
import { FormBody } from './multipart'

/** What an operator can do about an error code. */
const hints: Record<number, string> = {
  40001: '应用的 Secret 不正确：请检查 secret / wrong secret of the app: check "secret"',
  40013: '企业 ID 不正确：请检查 corpId / wrong corp id: check "corpId"',
  40056: '应用 ID 不正确：请检查 agentId / wrong agent id: check "agentId"',
  45009: '超过企业微信的频率限制 / beyond WeCom\'s rate limit',
  60020: '本机出口 IP 不在应用的「企业可信IP」中：在企业微信后台该应用的页面加上它 / this server\'s address is not trusted: '
    + 'add it to the app\'s trusted IPs in the WeCom console',
  81013: '收件人不在应用的可见范围内 / the app is not visible to this person: check its visibility in the WeCom console',
  93000: '群机器人的地址无效，或机器人已被移出群 / the webhook is invalid, or its robot was removed from the group',
  93004: '群机器人已停用 / the group robot is disabled',
  93008: '机器人不在群里 / the robot is not in the group',
}

/** A failed call to WeCom's API. The message contains neither the URL nor the body: both are secrets. */
export class WecomApiError extends WecomError<`wecom-bot/api-${ApiFailure}`> {
  override name = 'WecomApiError'

  /** @param errcode WeCom's error code, with `refused` only */
  constructor(readonly failure: ApiFailure, readonly errcode?: number, detail?: string) {
    const message = [`WeCom API call ${failure}`, errcode && `errcode ${errcode}`, detail].filter(Boolean).join(', ')
    super(`wecom-bot/api-${failure}`, message)
  }
}

/** Posts JSON or a form, and parses the JSON of the response. Rejects with the network error. */
export type Post = (url: string, body: object) => Promise<unknown>

export function createPost(transport: Transport): Post {
  return async (url, body) => {
    const request = body instanceof FormBody ? body : { type: 'application/json', body: JSON.stringify(body) }
    const answer = await transport(url, { method: 'POST', type: request.type, body: request.body })
    return JSON.parse(answer.body.toString())
  }
}

/**
 * Calls WeCom's API. `errcode` 0 is success, whatever the HTTP status.
 * @throws {WecomApiError}
 * @see https://developer.work.weixin.qq.com/document/path/90313
 */
export async function callApi(post: Post, url: string, body: object): Promise<Record<string, unknown>> {
  let answer: unknown
  try {
    answer = await post(url, body)
  } catch (error) {
    throw new WecomApiError(isUnsent(error) ? 'unsent' : 'unconfirmed', undefined, error instanceof ProxyError ? error.message : code(error))
  }
  if (typeof answer !== 'object' || answer === null || !('errcode' in answer)) {
    throw new WecomApiError('unconfirmed', undefined, 'the response is not JSON with an "errcode"')
  }
  const { errcode, errmsg } = answer as { errcode: unknown, errmsg?: unknown }
  if (errcode !== 0) throw new WecomApiError('refused', Number(errcode), advice(Number(errcode), String(errmsg)))
  return answer as Record<string, unknown>
}

/** Of WeCom's `errmsg`, only our own address is quoted: the rest may repeat what was sent. */
function advice(errcode: number, errmsg: string) {
  if (errcode !== 60020) return hints[errcode]
  const [, address] = /from ip:\s*([\da-f.:]+)/i.exec(errmsg) ?? []
  return address ? `${hints[errcode]} (${address})` : hints[errcode]
}

const unsent = [
  'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT',
]

function isUnsent(error: unknown) {
  return error instanceof ProxyError || unsent.includes(code(error) ?? '')
}

/** The error code of the innermost cause: `fetch` wraps network errors twice. */
function code(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code && typeof code === 'string') return code
  }
}
