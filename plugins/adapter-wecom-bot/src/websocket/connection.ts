import { randomUUID } from 'node:crypto'
import { Condition } from 'common/async'
import type { Clock } from 'common/time'
import { WecomApiError } from '../api/client'
import type { Taker } from '../instances/connection-lease'
import { PING_INTERVAL_MS } from '../protocol/limits'
import type { Payload } from '../protocol/payload'
import type { Command } from './frame'
import { buildFrame, parseFrame } from './frame'
import type { DownReason, ReconnectPolicy } from './reconnect-policy'
import { errcodes, isRefusal, unsent } from './refusal'
import { Requests } from './requests'
import type { Socket } from './socket'
import { describeSocketError } from './socket'

export type { Socket } from './socket'

/** From dialling until the WebSocket is open. */
const HANDSHAKE_TIMEOUT_MS = 15_000
/** From the subscription until its acknowledgement. */
const SUBSCRIBE_TIMEOUT_MS = 10_000
/** Pings in a row after which nothing came. */
const MAX_SILENT_PINGS = 2

/** How often other processes have taken the bot, and the last time. */
export interface Replacements {
  count: number
  /** Milliseconds since 1970. */
  at: number
  by: Taker
}

/** Times are milliseconds since 1970. */
export type ConnectionState =
  | { name: 'stopped', reason?: DownReason }
  /** Another instance holds the connection. */
  | { name: 'standby' }
  | { name: 'connecting' }
  | { name: 'subscribing' }
  | { name: 'ready', since: number }
  | { name: 'waiting', reason: DownReason, until: number }

export interface ConnectionOptions {
  botId: string
  secret: string
  /** Opens a WebSocket. Throws if the address or the proxy is malformed. */
  dial(): Socket
  clock: Clock
  policy: ReconnectPolicy
  /** Who has most likely taken the bot, at the moment at which it is taken. */
  taker?(): Taker
  /** A message or an event has come. */
  received(payload: Payload, requestId: string): void
  /** The state has changed. */
  changed(state: ConnectionState): void
  /** Called with what is wrong with a frame that is ignored, once for each kind. */
  ignored(reason: string): void
}

/**
 * The long connection of one bot: it subscribes, pings, finds out when it is dead, and connects again for as long as it
 * is not stopped.
 * @see https://developer.work.weixin.qq.com/document/path/101463
 */
export class Connection {
  state: ConnectionState = { name: 'stopped' }
  /** Milliseconds since 1970. */
  lastFrameAt?: number
  /** How often the connection was made again. */
  reconnects = 0
  replacements?: Replacements
  private socket?: Socket
  private requests?: Requests
  /** When the subscription succeeded, by the monotonic clock. */
  private readySince?: number
  private silentPings = 0
  private hasBeenReady = false
  private timer: unknown
  private readonly progress: Condition
  private readonly reported = new Set<string>()

  constructor(private readonly options: ConnectionOptions) {
    this.progress = new Condition(options.clock)
  }

  get isReady() {
    return this.state.name === 'ready'
  }

  /** There may be a connection soon. */
  get isTrying() {
    const { state } = this
    return state.name !== 'stopped' && state.name !== 'standby' && !(state.name === 'waiting' && state.reason.name !== 'failed')
  }

  start() {
    if (this.state.name === 'stopped' || this.state.name === 'standby') this.connect()
  }

  /** Has no connection until it is started: another instance holds it. */
  standBy() {
    this.release()
    this.enter({ name: 'standby' })
  }

  /** Closes the connection for good. */
  stop() {
    this.release()
    this.enter({ name: 'stopped' })
  }

  /**
   * Waits for a connection, at most `limitMs` milliseconds, and not where there will be none soon.
   * @returns whether there is one
   */
  async whenReady(limitMs: number): Promise<boolean> {
    await this.progress.until(() => this.isReady || !this.isTrying, limitMs)
    return this.isReady
  }

  /** Waits for a connection for as long as there may be one. @returns whether there is one */
  async untilReady(limitMs: number): Promise<boolean> {
    await this.progress.until(() => this.isReady || this.state.name === 'stopped', limitMs)
    return this.isReady
  }

  /**
   * Sends a frame.
   * @param requestId of the callback that it answers; its own unless given
   * @returns the body of the acknowledgement
   * @throws {WecomApiError} `unsent` if there is no connection
   */
  async request(cmd: Command, body: object, requestId: string = randomUUID()): Promise<Record<string, unknown>> {
    const { requests } = this
    if (!requests || !this.isReady) throw this.unavailable()
    try {
      return await requests.send(requestId, buildFrame(cmd, requestId, body))
    } catch (error) {
      // WeCom has ended the subscription although the connection is open.
      if (isRefusal(error, errcodes.notSubscribed) && requests === this.requests) this.fail('WeCom has ended the subscription')
      throw error
    }
  }

  /** The error of what cannot be sent without a connection. */
  unavailable(): WecomApiError {
    const isElsewhere = this.state.name === 'standby'
    return unsent(isElsewhere ? 'another instance holds the connection to WeCom' : 'there is no connection to WeCom')
  }

  private connect() {
    this.enter({ name: 'connecting' })
    let socket: Socket
    try {
      socket = this.options.dial()
    } catch (error) {
      return this.fail((error as Error).message)
    }
    this.socket = socket
    const isCurrent = () => this.socket === socket
    let failure = 'the connection was closed'
    socket.addEventListener('open', () => isCurrent() && this.subscribe(socket))
    socket.addEventListener('message', ({ data }) => isCurrent() && this.receive(String(data)))
    socket.addEventListener('error', (event) => {
      failure = describeSocketError(event)
    })
    socket.addEventListener('close', () => isCurrent() && this.fail(failure))
    this.schedule(HANDSHAKE_TIMEOUT_MS, () => this.fail('no answer from WeCom'))
  }

  private async subscribe(socket: Socket) {
    const { botId, secret, clock } = this.options
    this.enter({ name: 'subscribing' })
    this.schedule(SUBSCRIBE_TIMEOUT_MS, () => this.fail('the subscription was not acknowledged'))
    const requests = this.requests = new Requests(clock, text => socket.send(text))
    const requestId = randomUUID()
    try {
      await requests.send(requestId, buildFrame('aibot_subscribe', requestId, { bot_id: botId, secret }))
    } catch (error) {
      // Without an acknowledgement the timer or the end of the connection decides.
      if (requests !== this.requests || !(error instanceof WecomApiError) || error.errcode === undefined) return
      return this.down({ name: 'refused', errcode: error.errcode })
    }
    if (requests !== this.requests) return
    this.readySince = clock.monotonic()
    if (this.hasBeenReady) this.reconnects++
    this.hasBeenReady = true
    this.silentPings = 0
    this.schedule(PING_INTERVAL_MS, () => this.ping(requests))
    this.enter({ name: 'ready', since: clock.now() })
  }

  private ping(requests: Requests) {
    if (this.silentPings >= MAX_SILENT_PINGS) return this.fail('WeCom has not answered')
    this.silentPings++
    const requestId = randomUUID()
    requests.send(requestId, buildFrame('ping', requestId)).catch(() => {})
    this.schedule(PING_INTERVAL_MS, () => this.ping(requests))
  }

  private receive(text: string) {
    this.lastFrameAt = this.options.clock.now()
    this.silentPings = 0
    const frame = parseFrame(text)
    switch (frame.kind) {
      case 'acknowledgement':
        return this.requests?.acknowledged(frame)
      case 'callback':
        // What an acknowledgement before it in the same packet leads to comes first.
        return void setImmediate(() => this.options.received(frame.payload, frame.requestId))
      case 'replaced':
        return this.replaced()
      case 'ignored':
        if (frame.reason && !this.reported.has(frame.reason)) this.options.ignored(frame.reason)
        return void (frame.reason && this.reported.add(frame.reason))
      default:
        return frame satisfies never
    }
  }

  private replaced() {
    const by = this.options.taker?.() ?? 'unknown'
    this.replacements = { count: (this.replacements?.count ?? 0) + 1, at: this.options.clock.now(), by }
    this.down(by === 'unknown' ? { name: 'replaced' } : { name: 'replaced', by })
  }

  private fail(detail: string) {
    this.down({ name: 'failed', detail })
  }

  private down(reason: DownReason) {
    const { clock, policy } = this.options
    const stoodMs = this.readySince === undefined ? 0 : clock.monotonic() - this.readySince
    this.release()
    const pause = policy.pauseMs(reason, stoodMs)
    if (pause === undefined) return this.enter({ name: 'stopped', reason })
    this.schedule(pause, () => this.connect())
    this.enter({ name: 'waiting', reason, until: clock.now() + pause })
  }

  /** Lets go of the socket, whose events no longer count. */
  private release() {
    const { socket, requests } = this
    this.options.clock.clearTimeout(this.timer)
    this.socket = this.requests = this.readySince = undefined
    socket?.close(1000)
    requests?.close()
  }

  private schedule(delayMs: number, callback: () => void) {
    this.options.clock.clearTimeout(this.timer)
    this.timer = this.options.clock.setTimeout(callback, delayMs)
  }

  private enter(state: ConnectionState) {
    this.state = state
    this.options.changed(state)
    this.progress.notify()
  }
}
