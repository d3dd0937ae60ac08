import { once } from 'node:events'
import type { Agent, ClientRequest } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { SecureContextOptions } from 'node:tls'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { SocksClient } from 'socks'
import { SocksProxyAgent } from 'socks-proxy-agent'
import { ProxyError } from './proxy-error'

export interface ProxyConnectorOptions {
  /** Milliseconds that an unused connection is kept for later requests; without it, none is kept. */
  keepAliveMs?: number
  /** Milliseconds that the proxy may take to open a tunnel; 30 s by default. */
  timeoutMs?: number
  /** Certificates to trust instead of the usual ones, also for an `https://` proxy. */
  ca?: SecureContextOptions['ca']
}

/** Connections through one proxy, never past it. */
export interface ProxyConnector {
  /** For `http.request`. Requests fail with a `ProxyError` as long as there is no tunnel. */
  agent: Agent
  /** Stops opening a tunnel for a request that has ended. */
  abandon(request: ClientRequest): void
  /** Closes every socket. */
  destroy(): void
}

const DEFAULT_TIMEOUT_MS = 30_000

type Target = Parameters<SocksProxyAgent['connect']>[1]
type Dial = (request: ClientRequest, target: Target, signal: AbortSignal) => Promise<Socket>
type ProxyAgent = SocksProxyAgent | HttpsProxyAgent<string>

/** @param proxy as `parseProxy` returns it */
export function createProxyConnector(proxy: URL, options: ProxyConnectorOptions = {}): ProxyConnector {
  const { keepAliveMs, timeoutMs = DEFAULT_TIMEOUT_MS } = options
  const keepAlive = keepAliveMs !== undefined
  const [agent, dial] = proxy.protocol.startsWith('socks')
    ? throughSocks(new SocksProxyAgent(proxy, { keepAlive }), timeoutMs)
    : throughHttp(new HttpsProxyAgent(proxy, { keepAlive, noDelay: true, ca: options.ca }))
  if (keepAlive) agent.options.timeout = keepAliveMs
  const dials = new Map<ClientRequest, AbortController>()
  agent.connect = async (request, target) => {
    const controller = new AbortController()
    if (request.destroyed) controller.abort()
    dials.set(request, controller)
    const silence = new ProxyError('proxy/unreachable', `the proxy did not open a tunnel within ${timeoutMs} ms`)
    const timer = setTimeout(() => controller.abort(silence), timeoutMs)
    try {
      controller.signal.throwIfAborted()
      return await dial(request, target, controller.signal)
    } catch (error) {
      throw controller.signal.aborted ? controller.signal.reason : toProxyError(error)
    } finally {
      clearTimeout(timer)
      dials.delete(request)
    }
  }
  return {
    agent,
    abandon: request => dials.get(request)?.abort(),
    destroy() {
      for (const controller of dials.values()) controller.abort()
      agent.destroy()
    },
  }
}

/**
 * The agent's own `connect` does not hand out its socket before the proxy has answered, so a request that is aborted
 * earlier would leave it open. The socket is therefore opened here, and the SOCKS handshake done on it.
 */
function throughSocks(agent: SocksProxyAgent, timeoutMs: number): [ProxyAgent, Dial] {
  // The agent keeps the brackets of an IPv6 address.
  const host = agent.proxy.host = agent.proxy.host!.replace(/^\[|\]$/g, '')
  return [agent, async (_, target, signal) => {
    const socket = connect({ host, port: agent.proxy.port, noDelay: true, signal })
    try {
      await once(socket, 'connect')
      await SocksClient.createConnection({
        proxy: agent.proxy,
        destination: { host: target.host!, port: Number(target.port) },
        command: 'connect',
        // Its timer is never cleared, so it must not be longer than needed.
        timeout: timeoutMs,
        existing_socket: socket,
      })
    } catch (error) {
      socket.destroy()
      throw error
    }
    return target.secureEndpoint ? connectTls({ ...target, path: undefined, socket }) : socket
  }]
}

function throughHttp(agent: HttpsProxyAgent<string>): [ProxyAgent, Dial] {
  const connectThrough = agent.connect.bind(agent)
  return [agent, async (request, target, signal) => {
    let status: number | undefined
    request.once('proxyConnect', ({ statusCode }: { statusCode: number }) => status = statusCode)
    // `connect` reads the options before it waits, so every socket gets its own signal.
    agent.connectOpts = { ...agent.connectOpts, signal } as typeof agent.connectOpts
    const socket = await connectThrough(request, target)
    if (status === 200) return socket
    socket.destroy()
    throw status === 407
      ? new ProxyError('proxy/credentials-refused', 'the HTTP proxy refuses the user name or password (407)', {}, status)
      : new ProxyError('proxy/connection-refused', `the HTTP proxy refuses the connection (${status})`, {}, status)
  }]
}

function toProxyError(error: unknown): ProxyError {
  if (error instanceof ProxyError) return error
  const { code, message } = error as NodeJS.ErrnoException
  // Messages of Node name the address.
  const reason = code ?? /\bE[A-Z]{4,}\b/.exec(message)?.[0] ?? message
  return new ProxyError('proxy/unreachable', `no connection through the proxy (${reason})`, { cause: error })
}
