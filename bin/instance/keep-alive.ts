import type { Context } from 'koishi'
import type {} from '@koishijs/plugin-server'

export const name = 'keep-alive'
export const inject = ['server']

/**
 * Proxies keep idle connections for a minute (`keepalive_timeout` of nginx), Node.js for five seconds. The side that
 * gives up first must be the one that sends requests: a callback that arrives while the server closes the connection is
 * lost, and the proxy answers WeCom with 502.
 */
const KEEP_ALIVE_MS = 75_000

export function apply(ctx: Context) {
  ctx.server._http.keepAliveTimeout = KEEP_ALIVE_MS
}
