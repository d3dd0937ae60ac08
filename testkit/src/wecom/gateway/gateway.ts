import { randomBytes, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import type { Clock } from '../../clock'
import { systemClock } from '../../clock'
import { listen } from '../../listen'
import type { Payload, PayloadOptions } from '../client/payload'
import { PayloadBuilder } from '../client/payload'
import type { MediaOptions } from '../server/media'
import { MediaStore } from '../server/media'
import type { Treatment } from './connections'
import { Connections } from './connections'
import type { ConversationRules } from './conversations'
import { Conversations } from './conversations'
import type { Frame } from './frame'
import type { ShownMessage } from './screen'
import type { GatewayUpload } from './uploads'

export interface GatewayOptions extends Partial<ConversationRules> {
  port?: number
  /** Decides what is late or too frequent; the system's clock by default. */
  clock?: Clock
  /** Secrets by BotID; by default one bot `AIBOTID` with the secret `SECRET`. */
  bots?: Record<string, string>
  /** Leaves a connection open that was replaced: its pings are answered, but it receives nothing. */
  keepsReplaced?: boolean
}

/**
 * WeCom's end of the long connection: bots subscribe, receive messages and push their replies. Every frame is checked
 * against the documented rules; `violations` lists those that were broken.
 * @see https://developer.work.weixin.qq.com/document/path/101463
 */
export class WecomGateway {
  /** Messages and events that came while the bot was not connected: WeCom does not repeat them. */
  readonly lost: Payload[] = []
  /** Decides what happens to a frame; `undefined` for the usual. */
  treat?: (frame: Frame) => Treatment | undefined
  /** Called whenever a conversation shows something new. */
  onshown?: (chatId: string, message: ShownMessage) => void
  /** Builds payloads as `deliver` takes them. */
  readonly payloads: PayloadBuilder
  private readonly connections: Connections
  private readonly conversations = new Map<string, Conversations>()
  private readonly files: MediaStore
  private readonly waiting = new Set<() => void>()
  private readonly botId: string

  private constructor(
    private readonly options: GatewayOptions,
    private readonly clock: Clock,
    private readonly port: number,
    /** Breaks all connections and stops listening. */
    readonly close: () => Promise<void>,
  ) {
    const { bots = { AIBOTID: 'SECRET' }, keepsReplaced = false } = options
    this.botId = Object.keys(bots)[0]
    this.payloads = new PayloadBuilder({ botId: this.botId, userId: 'USERID', now: () => clock.now() })
    this.files = new MediaStore(clock)
    this.connections = new Connections({
      clock,
      bots,
      keepsReplaced,
      conversationsOf: botId => this.of(botId),
      treat: frame => this.treat?.(frame),
      changed: () => [...this.waiting].forEach(check => check()),
    })
  }

  static async create(options: GatewayOptions = {}): Promise<WecomGateway> {
    const server = createServer((request, response) => {
      const url = new URL(request.url!, 'http://localhost')
      const sign = url.searchParams.get('sign') ?? ''
      const { status, headers, body } = gateway.files.serve(url.pathname.slice('/media/'.length), sign)
      response.writeHead(status, headers).end(body)
    })
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', socket => gateway.connections.accept(socket))
    const { port, close } = await listen(server, options.port)
    const gateway = new WecomGateway(options, options.clock ?? systemClock, port, async () => {
      for (const socket of sockets.clients) socket.terminate()
      await close()
    })
    return gateway
  }

  /** Replaces `wss://openws.work.weixin.qq.com`. */
  get url() {
    return `ws://127.0.0.1:${this.port}`
  }

  /** Rules of the protocol that a bot has broken. */
  get violations(): string[] {
    return this.connections.violations
  }

  /** Every frame that was received, secrets included. */
  get frames(): Frame[] {
    return this.connections.frames
  }

  /** Number of connections so far. */
  get connectionCount() {
    return this.connections.count
  }

  /** Receives frames and sends nothing, like a dead connection. */
  set isSilent(value: boolean) {
    this.connections.isSilent = value
  }

  /** Whether the bot would receive a message. */
  isSubscribed(botId = this.botId): boolean {
    return !!this.connections.of(botId)
  }

  /** What a conversation shows; its id is the group's or the person's. */
  messages(chatId = 'USERID', botId = this.botId): ShownMessage[] {
    return this.of(botId).screen(chatId).messages
  }

  /** The texts of a conversation; a stream that can still change ends in `…`. */
  texts(chatId = 'USERID', botId = this.botId): string[] {
    return this.of(botId).screen(chatId).texts
  }

  uploads(botId = this.botId): GatewayUpload[] {
    return this.of(botId).uploads.files
  }

  /** The frames of one command. */
  sent(cmd: string): Frame[] {
    return this.frames.filter(frame => frame.cmd === cmd)
  }

  /** Stores a file. @returns the fields of a message that lead to it: its link and its own key */
  media(bytes: Uint8Array, name: string, options: MediaOptions = {}): { url: string, aeskey: string } {
    const key = randomBytes(32)
    const path = this.files.add(bytes, name, { key, ...options })
    return { url: `http://127.0.0.1:${this.port}${path}`, aeskey: key.toString('base64').replace(/=$/, '') }
  }

  /**
   * Delivers a message or an event to the bot, once.
   * @returns the `req_id`; `undefined` if the bot is not connected, and the message is lost
   */
  deliver(payload: Payload): string | undefined {
    const connection = this.connections.of(payload.aibotid)
    const requestId = randomUUID()
    this.of(payload.aibotid).deliver(requestId, payload, this.connections.count, this.clock.now())
    if (!connection) return void this.lost.push(payload)
    const cmd = payload.msgtype === 'event' ? 'aibot_event_callback' : 'aibot_msg_callback'
    this.connections.write(connection, { cmd, headers: { req_id: requestId }, body: payload })
    return requestId
  }

  /** Delivers a text. */
  say(content: string, options?: PayloadOptions): string | undefined {
    return this.deliver(this.payloads.text(content, options))
  }

  /** Sends a text as it is. */
  sendText(text: string, botId = this.botId) {
    this.connections.of(botId)?.socket.send(text)
  }

  /** Takes the bot from its connection, as another process that subscribes does. */
  kick(botId = this.botId) {
    const connection = this.connections.of(botId)
    if (connection) this.connections.replace(connection)
  }

  /** Breaks all connections, without a closing handshake. */
  disconnect() {
    this.connections.breakAll()
  }

  /** Forgets the subscriptions while the connections stay open. */
  unsubscribe() {
    this.connections.unsubscribeAll()
  }

  /**
   * Waits until something is the case. It is checked whenever a frame or a connection has come or gone.
   * @throws {Error} after `limitMs` milliseconds of real time
   */
  async until(isMet: () => boolean, limitMs = 5000): Promise<void> {
    if (isMet()) return
    await new Promise<void>((resolve, reject) => {
      const settle = (isInTime: boolean) => {
        clearTimeout(timer)
        this.waiting.delete(check)
        if (isInTime) resolve()
        else reject(new Error(`still not the case after ${limitMs} ms: ${isMet.toString()}`))
      }
      const check = () => isMet() && settle(true)
      const timer = setTimeout(() => settle(isMet()), limitMs)
      this.waiting.add(check)
    })
  }

  private of(botId: string): Conversations {
    let conversations = this.conversations.get(botId)
    if (!conversations) {
      const { countsFrames = true, keepsRequestIds = true, streamLifetimeMs = 6 * 60_000 } = this.options
      const rules = { countsFrames, keepsRequestIds, streamLifetimeMs }
      conversations = new Conversations(rules, (chatId, message) => this.onshown?.(chatId, message))
      this.conversations.set(botId, conversations)
    }
    return conversations
  }
}
