import { Universal } from 'koishi'
import type { Clock } from 'common/time'
import { toDingtalkError } from '../api/error'
import type { DingtalkError } from '../api/error'
import type { StockBot } from '../api/stock-bot'
import { describeError } from 'common/errors'
import { acknowledgement, parseFrame, parseJson, pong } from './frames'
import type { StreamFrame } from './frames'
import { isTapped, setReceiver } from './tapped-socket'
import type { DialedSocket } from './tapped-socket'

/** Wait before a bot that gave up is started again. */
const RESTART_DELAY_MS = 60_000
const MIN_RECONNECT_INTERVAL_MS = 1000

/** A callback of DingTalk. */
export interface Callback {
  topic: string
  data: unknown
}

export interface StreamConnectionOptions {
  clock: Clock
  /** Milliseconds without a frame after which a connection counts as dead; 0 is never. */
  silence: number
  /**
   * Called for each callback, which is acknowledged with what the promise resolves to. Where it rejects, DingTalk
   * delivers the callback again.
   */
  received(callback: Callback): Promise<object | null>
  warn(text: string): void
}

/**
 * Keeps the Stream connection of one bot, and takes what comes over it in place of the stock adapter: it acknowledges
 * callbacks, which DingTalk would deliver again, reconnects when DingTalk announces the end of a connection or when
 * nothing arrives for too long, and starts the bot again after the adapter has given up.
 * @see https://open.dingtalk.com/document/direction/stream-mode-protocol-access-description
 */
export class StreamConnection {
  private lastFrameAt = 0
  private socket?: DialedSocket
  private hasReported = false
  private hasIgnored = false
  private reconnectedAt = -Infinity
  private restarting = false
  private readonly disposed = new AbortController()
  /** Ends the watch over the silence of the current socket. */
  private watching = new AbortController()

  constructor(private readonly bot: StockBot, private readonly options: StreamConnectionOptions) {}

  /** To be called whenever the status of the bot has changed. */
  statusChanged() {
    const { status } = this.bot
    if (status === Universal.Status.ONLINE) this.attach()
    else if (status === Universal.Status.RECONNECT && !this.socket) void this.report()
    else if (status === Universal.Status.OFFLINE) void this.startAgain()
  }

  /** Leaves the connection to the adapter. */
  dispose() {
    this.disposed.abort()
    if (this.socket) setReceiver(this.socket, null)
    this.watching.abort()
  }

  private attach() {
    this.hasReported = this.hasIgnored = false
    const { socket } = (this.bot.adapter ?? {}) as { socket?: DialedSocket }
    if (!socket || socket === this.socket) return
    this.socket = socket
    // It was open before the companion was loaded.
    if (!isTapped(socket)) return void this.reconnect()
    this.lastFrameAt = this.options.clock.monotonic()
    setReceiver(socket, text => this.receive(socket, text))
    this.watching.abort()
    const watching = this.watching = new AbortController()
    socket.addEventListener('close', () => {
      watching.abort()
      if (this.socket === socket) this.socket = undefined
    })
    if (this.options.silence) void this.watch(watching.signal)
  }

  /** @returns whether the adapter must not get the text */
  private receive(socket: DialedSocket, text: string): boolean {
    if (this.disposed.signal.aborted) return false
    this.lastFrameAt = this.options.clock.monotonic()
    const frame = parseFrame(text)
    if (!frame) this.ignore()
    else if (frame.type === 'CALLBACK') void this.take(socket, frame)
    else if (frame.type === 'SYSTEM' && frame.headers.topic === 'ping') socket.send(pong(frame))
    else if (frame.type === 'SYSTEM' && frame.headers.topic === 'disconnect' && socket === this.socket) void this.reconnect()
    return true
  }

  private async take(socket: DialedSocket, frame: StreamFrame) {
    const { received, warn } = this.options
    try {
      const response = await received({ topic: frame.headers.topic ?? '', data: parseJson(frame.data) })
      // A socket that was closed in the meantime ignores what is sent.
      socket.send(acknowledgement(frame, response))
    } catch (error) {
      warn(`DingTalk: a callback was not acknowledged, so that it comes again: ${describeError(error)}`)
    }
  }

  /** Warns once for each connection. */
  private ignore() {
    if (!this.hasIgnored) this.options.warn('DingTalk: frames that cannot be read come over the Stream connection; ignored')
    this.hasIgnored = true
  }

  private async watch(signal: AbortSignal) {
    const { clock, silence, warn } = this.options
    while (!signal.aborted) {
      const end = this.lastFrameAt + silence
      if (clock.monotonic() >= end) {
        warn(`DingTalk: nothing came over the Stream connection for ${Math.round(silence / 1000)} s; connecting anew`)
        return void await this.reconnect()
      }
      await clock.sleep(end - clock.monotonic(), signal)
      // A disposed clock does not wait.
      if (clock.monotonic() < end - 1000) return
    }
  }

  private async reconnect() {
    this.socket = undefined
    this.watching.abort()
    await this.bot.stop()
    const { clock } = this.options
    // A gateway that announces the end of every new connection must not be dialled in a loop.
    await clock.sleep(this.reconnectedAt + MIN_RECONNECT_INTERVAL_MS - clock.monotonic(), this.disposed.signal)
    this.reconnectedAt = clock.monotonic()
    if (!this.disposed.signal.aborted) await this.bot.start()
  }

  /** Logs once why the bot cannot connect. The adapter logs DingTalk's response at every try, without a cure. */
  private async report() {
    if (this.hasReported) return
    this.hasReported = true
    const error = await this.diagnose()
    if (!error || this.disposed.signal.aborted) return
    const hint = error.code === 'dingtalk/unreachable' || error.code === 'dingtalk/connection-failed'
      ? 'check the network'
      : 'check DINGTALK_CLIENT_ID and DINGTALK_CLIENT_SECRET (appkey and secret)'
    this.options.warn(`DingTalk: the bot cannot connect: ${error.message}; ${hint}. It keeps trying; other platforms are not affected`)
  }

  /** Requests a token, which is free. */
  private async diagnose(): Promise<DingtalkError | undefined> {
    const { internal, config } = this.bot
    try {
      await internal.getAccessToken({ appKey: config.appkey, appSecret: config.secret })
    } catch (error) {
      return toDingtalkError(error)
    }
  }

  private async startAgain() {
    if (this.restarting || this.disposed.signal.aborted) return
    // The adapter sets the error after the status. A bot that was stopped on purpose has none.
    await Promise.resolve()
    if (!this.bot.error) return
    this.restarting = true
    void this.report()
    await this.options.clock.sleep(RESTART_DELAY_MS, this.disposed.signal)
    this.restarting = false
    if (!this.disposed.signal.aborted && !this.bot.isActive) await this.bot.start()
  }
}
