import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import { quantile } from './statistics'

export interface HttpReply {
  status: number
  body: Buffer
}

/**
 * A kept-alive connection that sends one request at a time. Node's HTTP client would use more CPU than the servers
 * under test.
 */
export class Connection {
  private received: Buffer = Buffer.alloc(0)
  private pending?: { resolve(reply: HttpReply): void, reject(error: Error): void }

  private constructor(readonly socket: Socket) {
    socket.on('data', chunk => this.receive(chunk))
    socket.on('error', error => this.pending?.reject(error))
    socket.on('close', () => this.pending?.reject(new Error('the server closed the connection')))
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    await once(socket, 'connect')
    return new Connection(socket)
  }

  /**
   * @param bytes the request as sent over the wire
   * @throws if the server has closed the connection, which was idle
   */
  request(bytes: Buffer): Promise<HttpReply> {
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed) return reject(new Error('the server has closed the connection'))
      this.pending = { resolve, reject }
      this.socket.write(bytes)
    })
  }

  close() {
    this.socket.destroy()
  }

  private receive(chunk: Buffer) {
    const bytes = this.received.length ? Buffer.concat([this.received, chunk]) : chunk
    const end = bytes.indexOf('\r\n\r\n')
    const head = end < 0 ? '' : bytes.toString('latin1', 0, end + 2)
    const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1])
    if (!(bytes.length >= end + 4 + length)) {
      this.received = bytes
      return
    }
    this.received = bytes.subarray(end + 4 + length)
    const { resolve } = this.pending!
    this.pending = undefined
    resolve({ status: Number(head.slice(9, 12)), body: bytes.subarray(end + 4, end + 4 + length) })
  }
}

/** The result of one run. Times are in milliseconds. */
export interface LoadResult {
  /** Number of replies. */
  count: number
  /** Replies per second. */
  rate: number
  p99: number
  /** Share of the time the load generator was busy, from 0 to 1. Near 1 it is the bottleneck. */
  busy: number
}

/** Connections to one server, each sending the next request when the previous one is answered. */
export class Load {
  private constructor(readonly connections: Connection[]) {}

  static async open(port: number, connections: number): Promise<Load> {
    return new Load(await Promise.all(Array.from({ length: connections }, () => Connection.open(port))))
  }

  /**
   * Sends requests for `time` milliseconds, and waits for the pending replies.
   * @param check throws if a reply is not the expected one
   */
  async run(time: number, nextRequest: () => Buffer, check: (reply: HttpReply) => void): Promise<LoadResult> {
    const latencies: number[] = []
    const start = performance.now()
    const utilization = performance.eventLoopUtilization()
    await Promise.all(this.connections.map(async (connection) => {
      for (let now = performance.now(); now - start < time;) {
        const reply = await connection.request(nextRequest())
        const sentAt = now
        now = performance.now()
        latencies.push(now - sentAt)
        check(reply)
      }
    }))
    const { utilization: busy } = performance.eventLoopUtilization(utilization)
    return {
      count: latencies.length,
      rate: latencies.length / (performance.now() - start) * 1000,
      p99: quantile(latencies, 0.99),
      busy,
    }
  }

  close() {
    for (const connection of this.connections) connection.close()
  }
}
