import type { IncomingMessage, Server } from 'node:http'
import { ServerResponse } from 'node:http'
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

/**
 * The path of a request as Koishi's router sees it. `URL` would resolve `..`.
 * @returns `undefined` where the target of the request is no URL, such as `http://[::/`
 */
function pathOf(request: IncomingMessage): string | undefined {
  try {
    return parseUrl(request)?.pathname ?? '/'
  } catch {
    return undefined
  }
}

/** Answers a request whose target is no URL. WebSocket routes of the server would throw, which ends the process. */
function refuse(other: ServerResponse | Duplex) {
  if (other instanceof ServerResponse) return void other.writeHead(400, { connection: 'close' }).end('Bad request\n')
  other.on('error', () => {})
  other.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
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
    const path = pathOf(request)
    if (path === undefined) {
      refuse(other)
      return true
    }
    if (!gate.covers(request.method!, path)) return emit.call(this, event, ...args)
    const pass = () => void emit.call(this, event, ...args)
    if (other instanceof ServerResponse) {
      gate.handle(request, other, path, pass).catch((error) => {
        logger.warn(error)
        other.destroy()
      })
    } else gate.upgrade(request, other, pass)
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
