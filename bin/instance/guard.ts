import type { IncomingMessage } from 'node:http'
import type { Context } from 'koishi'
import type { Middleware } from 'koa'
import type {} from '@koishijs/plugin-server'

const forwarded = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']

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
export const inject = ['server']

/** Keeps a console that has no password to this machine, even behind a reverse proxy that forwards every path. */
export function apply(ctx: Context, { path }: { path: string }) {
  const isOurs = (url = '') => url.startsWith(path) && /^([/?]|$)/.test(url.slice(path.length))
  const handler: Middleware = async (koa, next) => {
    if (!isOurs(koa.url) || isDirect(koa.req)) return next()
    koa.status = 403
    koa.body = '没有设置 KOISHI_ADMIN_PASSWORD，控制台只能在本机直接打开。\n'
      + 'KOISHI_ADMIN_PASSWORD is not set: the console opens directly on this machine only.\n'
  }
  // Without the mark the server would parse the body of every request here already.
  Object.assign(handler, { [Symbol.for('noParseBody')]: true })
  ctx.server.use(handler)

  const sockets = ctx.server._ws
  const { shouldHandle } = sockets
  sockets.shouldHandle = request => (!isOurs(request.url) || isDirect(request)) && shouldHandle.call(sockets, request)
  ctx.on('dispose', () => { sockets.shouldHandle = shouldHandle })
}
