import { WecomError } from '../util/errors'

/**
 * The proxy's address is wrong, or the proxy does not let a request through. The message never contains the address,
 * which may hold a password.
 */
export class ProxyError extends WecomError<'wecom-bot/invalid-proxy' | 'wecom-bot/proxy-failed'> {
  override name = 'ProxyError'
}
