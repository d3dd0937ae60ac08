import type { HTTP } from 'koishi'
import { WebSocket } from 'ws'
import { createProxyConnector, parseProxy } from 'common/proxy'
import { toProxyError } from '../api/proxy-error'
import type { Socket } from './connection'

/** From the dial until the proxy has opened a tunnel and WeCom has answered. */
const HANDSHAKE_TIMEOUT_MS = 15_000
/** Frames of WeCom are a few kilobytes. */
const MAX_FRAME_BYTES = 4 << 20

/** Opens WebSockets to one address. */
export type Dial = () => Socket

/** Through Koishi's own client, and with it through the proxy that it may have been given. */
export function dialThroughKoishi(http: HTTP, url: string): Dial {
  return () => http.ws(url, { timeout: HANDSHAKE_TIMEOUT_MS }) as Socket
}

/**
 * Through a proxy of its own, and never past it.
 * @throws {ProxyError} `wecom-bot/invalid-proxy`
 */
export function dialThroughProxy(address: string, url: string): Dial {
  const { agent } = connectorOf(address)
  const options = { agent, handshakeTimeout: HANDSHAKE_TIMEOUT_MS, maxPayload: MAX_FRAME_BYTES }
  return () => new WebSocket(url, options) as Socket
}

function connectorOf(address: string) {
  try {
    return createProxyConnector(parseProxy(address), { timeoutMs: HANDSHAKE_TIMEOUT_MS })
  } catch (error) {
    throw toProxyError(error)
  }
}
