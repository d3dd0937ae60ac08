import { isTrustedHost } from 'common/net'
import { WECOM_API } from '../config'

/**
 * Whether a `response_url` may be posted to: over HTTPS to WeCom's API, or to a host the operator named.
 * @param trusted `host` or `host:port`
 */
export function isTrusted(url: string, apiEndpoint: string, trusted: readonly string[]): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, host, username, password } = new URL(url)
  if (username || password || !/^https?:$/.test(protocol)) return false
  if (isTrustedHost(new URL(url), trusted)) return true
  // Settings may be wrong in any way.
  const own = [WECOM_API, apiEndpoint].filter(origin => URL.canParse(origin))
  return protocol === 'https:' && own.some(origin => new URL(origin).host === host)
}

/** Where group robots of the older kind have their webhooks. */
const ROBOT_API = 'https://in.qyapi.weixin.qq.com'

/**
 * The webhook that a group robot's callback names. WeCom writes it without TLS; to WeCom it is only ever used with.
 * @param trusted `host` or `host:port`
 * @returns `undefined` where it may not be posted to
 */
export function robotWebhook(url: string, apiEndpoint: string, trusted: readonly string[]): string | undefined {
  if (isTrusted(url, apiEndpoint, trusted)) return url
  const secure = url.replace(/^http:/i, 'https:')
  return [apiEndpoint, ROBOT_API].some(origin => isTrusted(secure, origin, [])) ? secure : undefined
}
