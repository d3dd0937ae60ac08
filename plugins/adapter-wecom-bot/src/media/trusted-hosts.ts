import { isTrustedHost } from 'common/net'
import { WECOM_API } from '../config'

/**
 * Whether a `response_url` may be used: it must lead to WeCom's API over HTTPS, or to a trusted host.
 * @param trusted `host` or `host:port`, from the configuration
 */
export function isTrusted(url: string, apiEndpoint: string, trusted: readonly string[]): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, host, username, password } = new URL(url)
  if (username || password || !/^https?:$/.test(protocol)) return false
  if (isTrustedHost(new URL(url), trusted)) return true
  // `apiEndpoint` may be invalid.
  const own = [WECOM_API, apiEndpoint].filter(origin => URL.canParse(origin))
  return protocol === 'https:' && own.some(origin => new URL(origin).host === host)
}

/** Host of the webhooks of legacy group robots. */
const ROBOT_API = 'https://in.qyapi.weixin.qq.com'

/**
 * The webhook named in a callback of a legacy group robot. WeCom sends it as `http:`; it is used as `https:`.
 * @param trusted `host` or `host:port`
 * @returns `undefined` if it must not be used
 */
export function robotWebhook(url: string, apiEndpoint: string, trusted: readonly string[]): string | undefined {
  if (isTrusted(url, apiEndpoint, trusted)) return url
  const secure = url.replace(/^http:/i, 'https:')
  return [apiEndpoint, ROBOT_API].some(origin => isTrusted(secure, origin, [])) ? secure : undefined
}
