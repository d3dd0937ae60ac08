import { randomUUID } from 'node:crypto'
import type { WebSocket } from 'ws'
import type { Clock } from '../../clock'
import type { Conversations } from './conversations'
import type { Frame, Verdict } from './frame'
import { OK, Violation, errors, readFrame } from './frame'
import { RateMeter } from './rate-meter'

/** What happens to a frame instead of its plain acknowledgement. */
export type Treatment =
  /** It is processed, and the acknowledgement comes this many milliseconds later. */
  | { delayMs: number }
  /** It is processed, and no acknowledgement comes. */
  | 'no-ack'
  /** It is refused, without being processed. */
  | { errcode: number }
  /** The connection breaks before it is processed. */
  | 'lose'
  /** It is processed, and the connection breaks before the acknowledgement. */
  | 'break'

/** One connection of a bot. */
export interface Connection {
  socket: WebSocket
  serial: number
  /** Set while it is subscribed. */
  botId?: string
  /** It was subscribed once. */
  wasSubscribed: boolean
  /** Receives nothing: another connection has taken its place. */
  isReplaced: boolean
  lastSeenAt: number
  /** Times at which frames that are not acknowledged came, by req_id. */
  inFlight: Map<string, number>
}

export interface ConnectionsOptions {
  clock: Clock
  /** Secrets by BotID. */
  bots: Record<string, string>
  /** Leaves a connection open that was replaced: its pings are answered, but it receives nothing. */
  keepsReplaced: boolean
  conversationsOf(botId: string): Conversations
  treat(frame: Frame): Treatment | undefined
  changed(): void
}

/** Without a frame for this long, WeCom closes the connection. */
const SILENCE_LIMIT_MS = 90_000
/** From here on a bot may take an acknowledgement for lost. */
const IN_FLIGHT_MS = 10_000

/** The connections of all bots: each bot has one that is subscribed. */
export class Connections {
  readonly violations: string[] = []
  readonly frames: Frame[] = []
  /** Number of connections so far. */
  count = 0
  /** Receives frames and sends nothing. */
  isSilent = false
  private readonly open = new Set<Connection>()
  private readonly subscriptions = new RateMeter(20, 300)

  constructor(private readonly options: ConnectionsOptions) {}

  /** The connection on which a bot receives messages. One that was silent for too long is closed first. */
  of(botId: string): Connection | undefined {
    for (const connection of [...this.open]) {
      if (this.options.clock.now() - connection.lastSeenAt <= SILENCE_LIMIT_MS) continue
      if (connection.botId && !this.isSilent) this.violations.push(`no frame for ${SILENCE_LIMIT_MS / 1000} seconds`)
      this.break(connection)
    }
    return [...this.open].find(connection => connection.botId === botId && !connection.isReplaced)
  }

  accept(socket: WebSocket) {
    const connection: Connection = {
      socket,
      serial: ++this.count,
      wasSubscribed: false,
      isReplaced: false,
      lastSeenAt: this.options.clock.now(),
      inFlight: new Map(),
    }
    this.open.add(connection)
    socket.on('close', () => {
      this.open.delete(connection)
      this.options.changed()
    })
    socket.on('error', () => {})
    socket.on('message', data => this.receive(connection, String(data)))
    this.options.changed()
  }

  write({ socket }: Connection, frame: Frame) {
    // WeCom escapes slashes in its JSON.
    if (!this.isSilent) socket.send(JSON.stringify(frame).replaceAll('/', '\\/'))
  }

  /** Another process has subscribed. */
  replace(connection: Connection) {
    const body = {
      msgid: randomUUID(),
      create_time: Math.floor(this.options.clock.now() / 1000),
      aibotid: connection.botId,
      msgtype: 'event',
      event: { eventtype: 'disconnected_event' },
    }
    this.write(connection, { cmd: 'aibot_event_callback', headers: { req_id: randomUUID() }, body })
    connection.isReplaced = true
    if (!this.options.keepsReplaced) connection.socket.close()
  }

  /** Breaks all connections, without a closing handshake. */
  breakAll() {
    for (const connection of this.open) this.break(connection)
  }

  /** Forgets the subscriptions while the connections stay open. */
  unsubscribeAll() {
    for (const connection of this.open) connection.botId = undefined
  }

  private break(connection: Connection) {
    this.open.delete(connection)
    connection.socket.terminate()
    this.options.changed()
  }

  private receive(connection: Connection, text: string) {
    connection.lastSeenAt = this.options.clock.now()
    let frame: Frame
    try {
      frame = readFrame(text)
    } catch (error) {
      return void this.violations.push((error as Violation).message)
    }
    this.frames.push(frame)
    const treatment = this.isSilent ? 'no-ack' : this.options.treat(frame)
    if (treatment === 'lose') return this.break(connection)
    const verdict = this.isSilent ? OK : this.judge(connection, frame, treatment)
    if (treatment === 'break') {
      this.break(connection)
    } else if (treatment === 'no-ack') {
      connection.inFlight.delete(frame.headers.req_id)
    } else if (treatment && 'delayMs' in treatment) {
      void this.options.clock.sleep(treatment.delayMs).then(() => this.acknowledge(connection, frame, verdict))
    } else {
      this.acknowledge(connection, frame, verdict)
    }
    this.options.changed()
  }

  private judge(connection: Connection, frame: Frame, treatment: Treatment | undefined): Verdict {
    const { headers: { req_id: requestId } } = frame
    const now = connection.lastSeenAt
    try {
      if (now - (connection.inFlight.get(requestId) ?? -Infinity) < IN_FLIGHT_MS) {
        throw new Violation(errors.conflict, 'a frame while another one with its req_id waits for its acknowledgement')
      }
      connection.inFlight.set(requestId, now)
      if (typeof treatment === 'object' && 'errcode' in treatment) return { errcode: treatment.errcode, errmsg: 'refused' }
      return this.process(connection, frame, now)
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      this.violations.push(error.message)
      return { errcode: error.errcode, errmsg: error.message }
    }
  }

  private process(connection: Connection, frame: Frame, now: number): Verdict {
    const { cmd } = frame
    const { botId, isReplaced, wasSubscribed, serial } = connection
    if (cmd === 'aibot_subscribe') return this.subscribe(connection, frame, now)
    if (cmd === 'ping') return OK
    if (botId && !isReplaced) return this.options.conversationsOf(botId).handle(frame, serial, now)
    // Not a violation where WeCom has ended the subscription.
    if (!wasSubscribed) throw new Violation(errors.unsubscribed, `${cmd} before the subscription`)
    return { errcode: errors.unsubscribed, errmsg: 'aibot websocket not subscribed' }
  }

  private subscribe(connection: Connection, { body }: Frame, now: number): Verdict {
    const { bot_id: botId, secret } = (body ?? {}) as { bot_id?: string, secret?: string }
    if (connection.botId) throw new Violation(errors.rate, 'a second subscription on one connection')
    if (!this.subscriptions.count(String(botId), now)) throw new Violation(errors.rate, 'too many subscriptions')
    if (!botId || !Object.hasOwn(this.options.bots, botId)) return { errcode: errors.botId, errmsg: 'invalid bot_id' }
    if (this.options.bots[botId] !== secret) return { errcode: errors.secret, errmsg: 'invalid secret' }
    const former = this.of(botId)
    if (former) this.replace(former)
    connection.botId = botId
    connection.wasSubscribed = true
    return OK
  }

  private acknowledge(connection: Connection, { headers }: Frame, { errcode, errmsg, body }: Verdict) {
    connection.inFlight.delete(headers.req_id)
    this.write(connection, { headers, ...body && { body }, errcode, errmsg })
    this.options.changed()
  }
}
