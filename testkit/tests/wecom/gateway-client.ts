import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import { WebSocket } from 'ws'
import type { Frame, WecomGateway } from '../../src'

/** A connection to the gateway that sends what it is told to. */
export class GatewayClient {
  readonly received: Frame[] = []
  private waiting: (() => void)[] = []

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => {
      this.received.push(JSON.parse(String(data)) as Frame)
      for (const wake of this.waiting.splice(0)) wake()
    })
  }

  static async connect(gateway: WecomGateway): Promise<GatewayClient> {
    const socket = new WebSocket(gateway.url)
    await once(socket, 'open')
    return new GatewayClient(socket)
  }

  static async subscribed(gateway: WecomGateway): Promise<GatewayClient> {
    const client = await GatewayClient.connect(gateway)
    await client.request('aibot_subscribe', { bot_id: 'AIBOTID', secret: 'SECRET' })
    return client
  }

  send(cmd: string, body?: object, requestId: string = randomUUID()): string {
    this.socket.send(JSON.stringify({ cmd, headers: { req_id: requestId }, ...body && { body } }))
    return requestId
  }

  /** @returns the next acknowledgement with the frame's `req_id` */
  request(cmd: string, body?: object, requestId?: string): Promise<Frame> {
    const count = this.received.length
    const id = this.send(cmd, body, requestId)
    return this.next(frame => frame.headers.req_id === id && !frame.cmd, count)
  }

  /** @returns the errcode of a stream's frame */
  async stream(requestId: string, id: string, content: string, finish = false): Promise<number | undefined> {
    const { errcode } = await this.request('aibot_respond_msg', { msgtype: 'stream', stream: { id, content, finish } }, requestId)
    return errcode
  }

  async next(matches: (frame: Frame) => boolean, from = 0): Promise<Frame> {
    for (;;) {
      const frame = this.received.slice(from).find(matches)
      if (frame) return frame
      await new Promise<void>(resolve => this.waiting.push(resolve))
    }
  }
}
