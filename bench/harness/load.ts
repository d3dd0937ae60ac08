import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import { quantile } from './statistics'

export interface Reply {
  status: number
  body: Buffer
}

/** One kept-alive connection, one request at a time. Node's own client would cost more than the servers it asks. */
export class Line {
  private received: Buffer = Buffer.alloc(0)
  private waiting?: { resolve(reply: Reply): void, reject(error: Error): void }

  private constructor(readonly socket: Socket) {
    socket.on('data', chunk => this.take(chunk))
    socket.on('error', error => this.waiting?.reject(error))
    socket.on('close', () => this.waiting?.reject(new Error('the server closed the connection')))
  }

  static async open(port: number): Promise<Line> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    await once(socket, 'connect')
    return new Line(socket)
  }

  /** @param request the bytes as they go over the wire */
  ask(request: Buffer): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject }
      this.socket.write(request)
    })
  }

  close() {
    this.socket.destroy()
  }

  private take(chunk: Buffer) {
    const bytes = this.received.length ? Buffer.concat([this.received, chunk]) : chunk
    const end = bytes.indexOf('\r\n\r\n')
    const head = end < 0 ? '' : bytes.toString('latin1', 0, end + 2)
    const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1])
    if (!(bytes.length >= end + 4 + length)) {
      this.received = bytes
      return
    }
    this.received = bytes.subarray(end + 4 + length)
    const { resolve } = this.waiting!
    this.waiting = undefined
    resolve({ status: Number(head.slice(9, 12)), body: bytes.subarray(end + 4, end + 4 + length) })
  }
}

/** What a stretch of load has shown. Times are milliseconds. */
export interface Slice {
  /** Replies. */
  count: number
  /** Replies per second. */
  rate: number
  p99: number
  /** How much of the time the load generator itself was at work; near 1 it would be measuring itself. */
  busy: number
}

/** A number of connections to one server, each asking again as soon as it is answered. */
export class Load {
  private constructor(readonly lines: Line[]) {}

  static async open(port: number, connections: number): Promise<Load> {
    return new Load(await Promise.all(Array.from({ length: connections }, () => Line.open(port))))
  }

  /**
   * Asks until the time is over, and waits for what is still to be answered.
   * @param check throws where a reply is not what it should be
   */
  async run(time: number, next: () => Buffer, check: (reply: Reply) => void): Promise<Slice> {
    const latencies: number[] = []
    const start = performance.now()
    const utilization = performance.eventLoopUtilization()
    await Promise.all(this.lines.map(async (line) => {
      for (let now = performance.now(); now - start < time;) {
        const reply = await line.ask(next())
        const asked = now
        now = performance.now()
        latencies.push(now - asked)
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
    for (const line of this.lines) line.close()
  }
}
