import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Context } from 'koishi'
import type {} from '@koishijs/plugin-server'
import { symbols } from 'cordis'
import parseUrl from 'parseurl'
import { ConsoleGate } from './gate'
import { ConsoleSessions } from './sessions'

export const name = 'console-gate'
export const inject = { server: { required: true }, console: { required: false } }

export interface Config {
  password?: string
  /** Serialised logins of the previous worker. */
  saved?: string
  /** Saves the serialised logins in the launcher. */
  save?(serialised: string): void
  /** Shows the operator a new one-time link. */
  announce(url: string): void
  /** Path of the console until it has loaded, as in koishi.yml. */
  uiPath: string
}

/** The console service in Node. Its own declarations describe the one in the browser. */
interface NodeConsole {
  config: { uiPath: string, apiPath: string }
}

/** Events of an HTTP server that bring a request. */
const REQUEST_EVENTS = new Set(['request', 'checkContinue', 'upgrade'])

/** The path of a request as Koishi's router sees it. `URL` would resolve `..`. */
function pathOf(request: IncomingMessage): string {
  return parseUrl(request)?.pathname ?? '/'
}

/**
 * Installs the gate before the server's own listeners, so that no file, route or socket of the console is reachable
 * without a login.
 */
export function apply(ctx: Context, config: Config) {
  const { _http: http } = ctx.server as unknown as { _http: Server }
  const logger = ctx.logger('console')
  const untilLoaded = { uiPath: config.uiPath, apiPath: config.uiPath }
  const consoleConfig = watchConsoleConfig(ctx)
  const gate = new ConsoleGate({
    password: config.password,
    sessions: new ConsoleSessions(Date.now, config.save, config.saved),
    paths: () => consoleConfig() ?? untilLoaded,
    isRouted(method, path) {
      const { pathAndMethod } = ctx.server.match(path, method)
      return pathAndMethod.some(layer => layer.path !== '(.*)' && layer.path !== '/(.*)')
    },
    announce: path => config.announce(ctx.server.selfUrl + path),
    warn: message => logger.warn(message),
  })

  // Patching emit also covers listeners added later, such as those of another plugin's WebSocket server.
  const { emit } = http
  http.emit = function(event: string, ...args: unknown[]): boolean {
    if (!REQUEST_EVENTS.has(event)) return emit.call(this, event, ...args)
    const [request, other] = args as [IncomingMessage, ServerResponse | Duplex]
    if (!gate.covers(request.method!, pathOf(request))) return emit.call(this, event, ...args)
    const pass = () => void emit.call(this, event, ...args)
    if (event === 'upgrade') gate.upgrade(request, other as Duplex, pass)
    else void gate.handle(request, other as ServerResponse, pathOf(request), pass).catch(error => logger.warn(error))
    return true
  }
  ctx.on('dispose', () => { http.emit = emit })
  ctx.on('server/ready', () => gate.start())
}

/**
 * Reads the configuration of the running console, `undefined` without one. Every request to the server needs it, so the
 * service is looked up when it changes, and is not the proxy that plugins get: reading from that took a seventh of the
 * time of a poll.
 */
function watchConsoleConfig(ctx: Context): () => NodeConsole['config'] | undefined {
  let current: NodeConsole | undefined
  const lookUp = () => {
    const service = ctx.get('console') as unknown as NodeConsole & { [symbols.original]?: NodeConsole } | undefined
    current = service?.[symbols.original] ?? service
  }
  ctx.on('internal/service', name => name === 'console' && lookUp())
  lookUp()
  return () => current?.config
}
