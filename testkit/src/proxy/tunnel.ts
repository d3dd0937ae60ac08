import { once } from 'node:events'
import type { Server, Socket } from 'node:net'
import { connect, isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { listen } from '../listen'
import { withLatency } from './latency'

export interface ProxyOptions {
  port?: number
  /** If set, clients must authenticate. */
  username?: string
  password?: string
  /**
   * Host names that only the proxy can resolve, to `address` or `address:port`. It also resolves `localhost` and
   * accepts IP addresses.
   */
  hosts?: Record<string, string>
  /** Milliseconds per round trip between client and proxy. */
  delay?: number
}

/** A connection requested by a client. */
export interface ProxyConnection {
  /** As sent by the client. */
  host: string
  port: number
  /** `domain` means that the client left the name resolution to the proxy. */
  addressType: 'ipv4' | 'ipv6' | 'domain'
  /** Whether both sides are disconnected. */
  closed: boolean
}

export interface Proxy {
  /** Contains the credentials, if there are any. */
  url: string
  port: number
  /** Every connection requested with valid credentials, failed ones included. */
  connections: ProxyConnection[]
  /** Number of clients rejected for their credentials. */
  readonly refused: number
  /** Open TCP connections to the proxy. */
  open(): number
  /** Fails the next requested connections as if the target had refused them. */
  refuse(times?: number): void
  /** Resets all open connections. */
  kill(): void
  close(): Promise<void>
}

/** Opens connections for a proxy protocol. */
export interface Tunnels {
  /** Opens the connection to the target. @throws {NodeJS.ErrnoException} */
  open(host: string, port: number): Promise<Socket>
  /** Counts a client with invalid credentials. */
  deny(): void
}

/** @returns the type of a host address */
export function addressType(host: string): ProxyConnection['addressType'] {
  return isIP(host) === 4 ? 'ipv4' : isIP(host) === 6 ? 'ipv6' : 'domain'
}

/** Pipes two connections into each other until both are closed. */
export function splice(left: Duplex, right: Duplex) {
  for (const [from, to] of [[left, right], [right, left]]) {
    from.pipe(to)
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
  }
}

function resolve(hosts: Record<string, string>, host: string, port: number) {
  const [, address, other] = /^(.*?)(?::(\d+))?$/.exec(hosts[host] ?? (host === 'localhost' ? '127.0.0.1' : host))!
  if (host in hosts) return { host: address, port: other ? +other : port }
  if (host === 'localhost' || isIP(host)) return { host: host === 'localhost' ? address : host, port }
  throw Object.assign(new Error(`unknown host ${host}`), { code: 'ENOTFOUND' })
}

/**
 * Starts a proxy.
 * @param server a TCP or TLS server that does not close half-open sockets
 * @param accept handles one client; its stream has the latency of the options
 */
export async function startProxy(
  scheme: string, server: Server, event: string, options: ProxyOptions,
  accept: (client: Duplex, tunnels: Tunnels) => void,
): Promise<Proxy> {
  const { username, password = '', hosts = {}, delay = 0 } = options
  const connections: ProxyConnection[] = []
  const upstreams = new Set<Socket>()
  let refused = 0
  let failing = 0

  const tunnels: Tunnels = {
    deny: () => void refused++,
    async open(host, port) {
      const connection: ProxyConnection = { host, port, addressType: addressType(host), closed: true }
      connections.push(connection)
      if (failing-- > 0) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
      const upstream = connect({ ...resolve(hosts, host, port), allowHalfOpen: true })
      await once(upstream, 'connect')
      connection.closed = false
      upstreams.add(upstream)
      upstream.once('close', () => {
        upstreams.delete(upstream)
        connection.closed = true
      })
      return upstream
    },
  }

  server.on(event, (socket: Socket) => {
    socket.on('error', () => {})
    accept(withLatency(socket, delay), tunnels)
  })
  const { port, sockets, close } = await listen(server, options.port)
  const user = username === undefined ? '' : `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`
  return {
    url: `${scheme}://${user}${scheme === 'https' ? 'localhost' : '127.0.0.1'}:${port}`,
    port,
    connections,
    get refused() {
      return refused
    },
    open: () => sockets.size,
    refuse(times = Infinity) {
      failing = times
    },
    kill() {
      for (const socket of [...sockets, ...upstreams]) socket.resetAndDestroy()
    },
    async close() {
      for (const upstream of upstreams) upstream.destroy()
      await close()
    },
  }
}
