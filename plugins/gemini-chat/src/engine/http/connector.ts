import * as http from 'node:http'
import * as https from 'node:https'
import type { SecureContextOptions } from 'node:tls'
import { createProxyConnector, parseProxy } from 'common/proxy'
import type { ProxyConnector } from 'common/proxy'
import { classifyFailure } from './failure'

/** How long an unused connection is kept: long enough for a conversation, shorter than most gateways keep it. */
const KEEP_ALIVE_MS = 120_000

/** A proxy that has not opened a tunnel by now is the fault to report, before the model's timeouts are. */
const PROXY_TIMEOUT_MS = 8000

/**
 * Reads the address of a proxy.
 * @throws {EngineError} of kind `proxy`; the message says what to write and repeats nothing of the address
 */
export function readProxy(address: string): URL {
  try {
    return parseProxy(address)
  } catch (error) {
    throw classifyFailure(error)
  }
}

/**
 * Creates a pool of kept connections, direct or through a proxy.
 * @param isSecure whether the target speaks TLS
 */
export function createConnector(
  proxy: URL | undefined, isSecure: boolean, ca?: SecureContextOptions['ca'],
): ProxyConnector {
  if (proxy) return createProxyConnector(proxy, { keepAliveMs: KEEP_ALIVE_MS, timeoutMs: PROXY_TIMEOUT_MS, ca })
  const agent = new (isSecure ? https : http).Agent({ keepAlive: true, timeout: KEEP_ALIVE_MS })
  return { agent, abandon() {}, destroy: () => agent.destroy() }
}
