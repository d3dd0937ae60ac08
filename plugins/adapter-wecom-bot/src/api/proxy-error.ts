import { ProxyError as ConnectionError } from 'common/proxy'
import { WecomError } from '../util/errors'

/**
 * The proxy's address is malformed, or there is no connection through the proxy. The message never contains the
 * address, which may hold a password.
 */
export class ProxyError extends WecomError<'wecom-bot/invalid-proxy' | 'wecom-bot/proxy-failed'> {
  override name = 'ProxyError'
}

/** @param cause what failed before there was a tunnel */
export function toProxyError(cause: unknown): ProxyError {
  if (cause instanceof ConnectionError) {
    const isMalformed = cause.code === 'proxy/malformed-address'
    return new ProxyError(isMalformed ? 'wecom-bot/invalid-proxy' : 'wecom-bot/proxy-failed', cause.message, { cause })
  }
  // Messages of Node may name the address.
  const { code, name } = cause as NodeJS.ErrnoException
  return new ProxyError('wecom-bot/proxy-failed', `no connection through the proxy (${code ?? name})`)
}
