import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Context } from 'koishi'
import type {} from '@koishijs/plugin-server'
import parseUrl from 'parseurl'
import { ConsoleGate } from './gate'
import { ConsoleSessions } from './sessions'

export const name = 'console-gate'
export const inject = { server: { required: true }, console: { required: false } }

export interface Config {
  password?: string
  /** Logins of the worker before this one, as the launcher kept them. */
  saved?: string
  /** Hands the logins to the launcher. */
  save?(serialised: string): void
  /** Shows the operator a new one-time link. */
  announce(url: string): void
  /** Where the console is until it has loaded; koishi.yml says the same. */
  uiPath: string
}

/** The console as it runs in Node; its declarations describe the one in the browser. */
interface NodeConsole {
  config: { uiPath: string, apiPath: string }
}

/** The path of a request as the router reads it. `URL` would resolve `..`, and the router does not. */
function pathOf(request: IncomingMessage): string {
  return parseUrl(request)?.pathname ?? '/'
}

/**
 * Puts the gate before the server's own listeners: without a login, neither a file, a route nor a socket of the console
 * is reached.
 */
export function apply(ctx: Context, config: Config) {
  const { _http: http } = ctx.server as unknown as { _http: Server }
  const logger = ctx.logger('console')
  const gate = new ConsoleGate({
    password: config.password,
    sessions: new ConsoleSessions(Date.now, config.save, config.saved),
    paths() {
      const { config: paths } = (ctx.get('console') ?? {}) as Partial<NodeConsole>
      return paths ?? { uiPath: config.uiPath, apiPath: config.uiPath }
    },
    isRouted(method, path) {
      const { pathAndMethod } = ctx.server.match(path, method)
      return pathAndMethod.some(layer => layer.path !== '(.*)' && layer.path !== '/(.*)')
    },
    announce: path => config.announce(ctx.server.selfUrl + path),
    warn: message => logger.warn(message),
  })

  // Listeners that are added later, such as another plugin's WebSocket server, must stand behind the gate as well.
  const { emit } = http
  http.emit = function(event: string, ...args: unknown[]): boolean {
    const pass = () => void emit.call(this, event, ...args)
    const [request, other] = args as [IncomingMessage, ServerResponse | Duplex]
    if (!['request', 'checkContinue', 'upgrade'].includes(event) || !gate.covers(request.method!, pathOf(request))) {
      return emit.call(this, event, ...args)
    }
    if (event === 'upgrade') gate.upgrade(request, other as Duplex, pass)
    else void gate.handle(request, other as ServerResponse, pathOf(request), pass).catch(error => logger.warn(error))
    return true
  }
  ctx.on('dispose', () => { http.emit = emit })
  ctx.on('server/ready', () => gate.start())
}
