import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import type { Listening } from 'testkit'
import { listen } from 'testkit'

/** An address on 127.0.0.1 that leads to another server after a failover. Open connections stay where they are. */
export class MovingAddress {
  private constructor(private readonly listening: Listening, private target: number) {}

  /** @param target the port that connections lead to */
  static async start(target: number): Promise<MovingAddress> {
    const server = createServer()
    const address = new MovingAddress(await listen(server), target)
    server.on('connection', socket => address.relay(socket))
    return address
  }

  get port(): number {
    return this.listening.port
  }

  /** Leads new connections to another port. */
  moveTo(target: number) {
    this.target = target
  }

  async close() {
    await this.listening.close()
  }

  private relay(socket: Socket) {
    const inner = connect(this.target, '127.0.0.1')
    for (const [from, to] of [[socket, inner], [inner, socket]]) {
      from.pipe(to)
      from.on('error', () => {})
      from.on('close', () => to.destroy())
    }
  }
}
