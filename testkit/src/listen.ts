import { randomInt } from 'node:crypto'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { Server as HttpServer } from 'node:http'

const KEEP_ALIVE_MS = 120_000

/** A server that listens on the loopback interface, with its open sockets. */
export interface Listening {
  port: number
  /** The TCP sockets, below TLS if there is any. */
  sockets: Set<Socket>
  /** Destroys every socket and stops listening. */
  close(): Promise<void>
}

/**
 * Starts a server on 127.0.0.1.
 * @param port 0 picks a free one
 * @throws {NodeJS.ErrnoException} `EADDRINUSE` if the port is taken
 */
export async function listen(server: Server, port = 0): Promise<Listening> {
  const sockets = new Set<Socket>()
  // Node's default of five seconds ends idle connections that a busy client is about to use again.
  if (server instanceof HttpServer) server.keepAliveTimeout = KEEP_ALIVE_MS
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    close: () => new Promise<void>((resolve) => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    }),
  }
}

/** Below the ports that systems give to connections and to servers without a port. */
const FIRST_PORT = 15_000
const LAST_PORT = 31_999

/**
 * Finds an unused port, for servers that cannot pick one themselves. One that the system picks may be given to a
 * connection before such a server takes it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    try {
      const { port, close } = await listen(createServer(), randomInt(FIRST_PORT, LAST_PORT + 1))
      await close()
      return port
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}
