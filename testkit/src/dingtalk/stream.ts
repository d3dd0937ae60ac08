import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import type { Clock } from '../clock'

/** A callback, with the times it was sent and the time it was acknowledged. */
export interface CallbackDelivery {
  messageId: string
  topic: string
  /** The app that gets it; any by default. */
  app?: string
  data: object
  sentAt: number[]
  acknowledgedAt?: number
  /** What the robot responded. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  response?: any
}

/** What a connection gets. */
interface Subscription {
  app: string
  topics: string[]
}

export interface PushOptions {
  /** How often an unacknowledged callback is sent. */
  times?: number
  topic?: string
  app?: string
}

const MESSAGE_TOPIC = '/v1.0/im/bot/messages/get'

export const CARD_TOPIC = '/v1.0/card/instances/callback'

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
  private readonly tickets = new Map<string, Subscription>()
  private readonly subscriptions = new WeakMap<WebSocket, Subscription>()
  private readonly server = new WebSocketServer({ noServer: true })
  private readonly pings = new Map<string, () => void>()
  private readonly closed = new AbortController()
  private waiting: (() => void)[] = []

  /** @param redelivery milliseconds until an unacknowledged callback is sent again */
  constructor(private readonly clock: Clock, private readonly redelivery: number) {
    // One for each callback that waits for its acknowledgement.
    setMaxListeners(0, this.closed.signal)
  }

  /** Issues a ticket for one connection. */
  issueTicket(subscription: Subscription): string {
    const ticket = randomUUID()
    this.tickets.set(ticket, subscription)
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
      const ticket = searchParams.get('ticket') ?? ''
      const subscription = this.tickets.get(ticket)
      if (pathname !== '/connect' || !subscription) return void socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n')
      this.tickets.delete(ticket)
      this.server.handleUpgrade(request, socket, head, client => this.accept(client, subscription))
    })
  }

  /** Resolves when a connection is open. */
  async connected(): Promise<void> {
    if (!this.openSockets.length) await new Promise<void>(resolve => this.waiting.push(resolve))
  }

  /** Sends a callback up to `times` times, until it is acknowledged. */
  async push(data: object, { times = 3, topic = MESSAGE_TOPIC, app }: PushOptions = {}): Promise<CallbackDelivery> {
    const delivery: CallbackDelivery = { messageId: randomUUID(), topic, app, data, sentAt: [] }
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

  /** A socket that was cut stays among `sockets` until its event. */
  private get openSockets(): WebSocket[] {
    return [...this.sockets].filter(({ readyState }) => readyState === WebSocket.OPEN)
  }

  private accept(client: WebSocket, subscription: Subscription) {
    this.sockets.add(client)
    this.subscriptions.set(client, subscription)
    client.on('close', () => this.sockets.delete(client))
    client.on('message', data => this.receive(JSON.parse(String(data))))
    for (const wake of this.waiting.splice(0)) wake()
  }

  private receive({ code, headers, data }: { code: number, headers: { messageId: string }, data: string }) {
    this.pings.get(headers.messageId)?.()
    const delivery = this.deliveries.find(({ messageId }) => messageId === headers.messageId)
    if (!delivery || code !== 200) return
    delivery.acknowledgedAt ??= this.clock.now()
    delivery.response = JSON.parse(data)
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
    this.frame('CALLBACK', delivery.topic, delivery.messageId, delivery.data, delivery.app)
  }

  private frame(type: string, topic: string, messageId: string, data: object, app?: string) {
    if (this.silent) return
    const headers = { topic, messageId, contentType: 'application/json', time: String(this.clock.now()) }
    const text = JSON.stringify({ specVersion: '1.0', type, headers, data: JSON.stringify(data) })
    const client = this.openSockets.filter(socket => !app || this.subscriptions.get(socket)!.app === app).at(-1)
    // A callback that was not subscribed to goes nowhere.
    if (client && (type !== 'CALLBACK' || this.subscriptions.get(client)!.topics.includes(topic))) client.send(text)
  }
}
