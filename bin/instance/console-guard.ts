import type { IncomingMessage } from 'node:http'
import type { Context } from 'koishi'
import type { Middleware } from 'koa'
import type {} from '@koishijs/plugin-console'
import type { WebSocketLayer } from '@koishijs/plugin-server'

/** The console as it runs in Node; its declarations know the one in the browser. */
interface NodeConsole {
  config: { uiPath: string }
  layer: WebSocketLayer
}

const forwarded = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']
/** WebSocket close code for a violated policy. */
const REFUSED = 1008

function isLocal(address: string): boolean {
  if (!URL.canParse(address)) return false
  return /^(127\.[\d.]+|localhost|\[::1\])$/.test(new URL(address).hostname)
}

/**
 * Tells whether a browser on this machine asks, directly and from a page of this machine: not through a
 * reverse proxy, not under a foreign name (DNS rebinding), not from a foreign page (cross-site WebSocket).
 */
export function isDirect({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  if (forwarded.some(name => headers[name])) return false
  if (!isLocal(`http://${headers.host}`)) return false
  return !headers.origin || isLocal(headers.origin)
}

export const name = 'console-guard'
export const inject = ['server', 'console']

/** Keeps a console that has no password to this machine, even behind a reverse proxy that forwards every path. */
export function apply(ctx: Context) {
  const { layer, config } = ctx.console as unknown as NodeConsole

  // Everything but static files goes over the socket.
  const { callback } = layer
  layer.callback = (socket, request) => isDirect(request) ? callback?.(socket, request) : socket.close(REFUSED)
  ctx.on('dispose', () => { layer.callback = callback })

  const explain: Middleware = async (koa, next) => {
    // Routes are found whatever the case of their letters.
    if (!koa.path.toLowerCase().startsWith(config.uiPath) || isDirect(koa.req)) return next()
    koa.status = 403
    koa.body = '没有设置 KOISHI_ADMIN_PASSWORD，控制台只能在本机直接打开。\n'
      + 'KOISHI_ADMIN_PASSWORD is not set: the console opens directly on this machine only.\n'
  }
  // Without the mark the server would parse the body of every request here already.
  ctx.server.use(Object.assign(explain, { [Symbol.for('noParseBody')]: true }))
}
