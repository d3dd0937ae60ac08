import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { WebSocketServer } from 'ws'
import type { Clock } from '../clock'

/** A callback, with the times it was sent and the time it was acknowledged. */
export interface CallbackDelivery {
  messageId: string
  data: object
  sentAt: number[]
  acknowledgedAt?: number
}

const TOPIC = '/v1.0/im/bot/messages/get'

/**
 * Stream mode: the robot opens a WebSocket and receives callbacks over it. Unacknowledged callbacks are sent again.
 * @see https://open.dingtalk.com/document/direction/stream-mode-protocol-access-description
 */
export class StreamGateway {
  readonly deliveries: CallbackDelivery[] = []
  readonly sockets = new Set<WebSocket>()
  /** Keeps the sockets open but sends nothing, like a dead connection. */
  silent = false
  /** Accepts connections but never answers the request for a WebSocket. */
  ignoresHandshakes = false
  /** Sockets whose handshake is not answered. */
  readonly pending = new Set<Duplex>()
  private readonly tickets = new Set<string>()
  private readonly server = new WebSocketServer({ noServer: true })
  private readonly pings = new Map<string, () => void>()
  private readonly closed = new AbortController()
  private waiting: (() => void)[] = []

  /** @param redelivery milliseconds until an unacknowledged callback is sent again */
  constructor(private readonly clock: Clock, private readonly redelivery: number) {}

  /** Issues a ticket for one connection. */
  issueTicket(): string {
    const ticket = randomUUID()
    this.tickets.add(ticket)
    return ticket
  }

  listen(server: Server) {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (this.ignoresHandshakes) {
        this.pending.add(socket)
        socket.on('error', () => {}).on('end', () => socket.destroy())
          .on('close', () => this.pending.delete(socket)).resume()
        return
      }
      const { pathname, searchParams } = new URL(request.url!, 'http://localhost')
      if (pathname !== '/connect' || !this.tickets.delete(searchParams.get('ticket') ?? '')) {
        return void socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n')
      }
      this.server.handleUpgrade(request, socket, head, client => this.accept(client))
    })
  }

  /** Resolves when a connection is open. */
  async connected(): Promise<void> {
    if (!this.sockets.size) await new Promise<void>(resolve => this.waiting.push(resolve))
  }

  /** Sends a callback up to `times` times, until it is acknowledged. */
  async push(data: object, times = 3): Promise<CallbackDelivery> {
    const delivery: CallbackDelivery = { messageId: randomUUID(), data, sentAt: [] }
    this.deliveries.push(delivery)
    await this.connected()
    this.send(delivery)
    void this.redeliver(delivery, times)
    return delivery
  }

  /** @returns whether the robot responds within `timeout` milliseconds */
  async ping(timeout = 1000): Promise<boolean> {
    const messageId = randomUUID()
    const answered = new Promise<boolean>(resolve => this.pings.set(messageId, () => resolve(true)))
    this.frame('SYSTEM', 'ping', messageId, { opaque: messageId })
    return Promise.race([answered, new Promise<boolean>(resolve => setTimeout(resolve, timeout, false).unref())])
  }

  /** Announces the end of the open connections, which receive nothing more. */
  disconnect() {
    this.frame('SYSTEM', 'disconnect', randomUUID(), { reason: 'persistent connection is timeout' })
    this.sockets.clear()
  }

  /** Sends a text that is no frame of the protocol. */
  sendText(text: string) {
    for (const client of this.sockets) client.send(text)
  }

  close() {
    this.closed.abort()
    for (const client of this.server.clients) client.terminate()
    for (const socket of this.pending) socket.destroy()
    this.server.close()
  }

  private accept(client: WebSocket) {
    this.sockets.add(client)
    client.on('close', () => this.sockets.delete(client))
    client.on('message', data => this.receive(JSON.parse(String(data))))
    for (const wake of this.waiting.splice(0)) wake()
  }

  private receive({ code, headers }: { code: number, headers: { messageId: string } }) {
    this.pings.get(headers.messageId)?.()
    const delivery = this.deliveries.find(({ messageId }) => messageId === headers.messageId)
    if (delivery && code === 200) delivery.acknowledgedAt ??= this.clock.now()
  }

  private async redeliver(delivery: CallbackDelivery, times: number) {
    while (delivery.sentAt.length < times) {
      await this.clock.sleep(this.redelivery, this.closed.signal)
      if (delivery.acknowledgedAt || this.closed.signal.aborted) return
      this.send(delivery)
    }
  }

  private send(delivery: CallbackDelivery) {
    delivery.sentAt.push(this.clock.now())
    this.frame('CALLBACK', TOPIC, delivery.messageId, delivery.data)
  }

  private frame(type: string, topic: string, messageId: string, data: object) {
    if (this.silent) return
    const headers = { topic, messageId, contentType: 'application/json', time: String(this.clock.now()) }
    const text = JSON.stringify({ specVersion: '1.0', type, headers, data: JSON.stringify(data) })
    const client = [...this.sockets].at(-1)
    client?.send(text)
  }
}
