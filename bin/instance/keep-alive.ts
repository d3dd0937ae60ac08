import type { Context } from 'koishi'
import type {} from '@koishijs/plugin-server'

export const name = 'keep-alive'
export const inject = ['server']

/**
 * Proxies keep idle connections for one to two minutes (nginx 60 s, Traefik 90 s, Caddy 120 s), Node.js for five
 * seconds. The side that gives up first must be the one that sends requests: a callback that arrives while the server
 * closes the connection is lost, and the proxy answers WeCom with 502.
 */
const KEEP_ALIVE_MS = 130_000

export function apply(ctx: Context) {
  const { _http: http } = ctx.server
  http.keepAliveTimeout = KEEP_ALIVE_MS
  // A server that is replaced closes its idle connections only. It has no routes any more for what comes on others.
  ctx.on('dispose', () => {
    http.keepAliveTimeout = 1
    http.prependListener('request', (_request, response) => response.setHeader('Connection', 'close'))
  })
}
