import { Universal } from 'koishi'
import type { Clock } from 'common/time'
import { toDingtalkError } from '../api/error'
import type { DingtalkError } from '../api/error'
import type { StockBot } from '../api/stock-bot'

/** Wait before a bot that gave up is started again. */
const RESTART_DELAY_MS = 60_000
const MIN_RECONNECT_INTERVAL_MS = 1000

interface Socket {
  send(text: string): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', listener: () => void): void
}

interface StreamFrame {
  type: string
  headers: { topic?: string, messageId: string }
}

export interface StreamConnectionOptions {
  clock: Clock
  /** Milliseconds without a frame after which a connection counts as dead; 0 is never. */
  silence: number
  warn(text: string): void
}

/**
 * Watches the Stream connection of one bot, and does what the stock adapter leaves out: it acknowledges callbacks,
 * which DingTalk would deliver again, reconnects when DingTalk announces the end of a connection or when nothing
 * arrives for too long, and starts the bot again after the adapter has given up.
 * @see https://open.dingtalk.com/document/direction/stream-mode-protocol-access-description
 */
export class StreamConnection {
  private lastFrameAt = 0
  private socket?: Socket
  private hasReported = false
  private hasIgnored = false
  private reconnectedAt = -Infinity
  private restarting = false
  private readonly disposed = new AbortController()

  constructor(private readonly bot: StockBot, private readonly options: StreamConnectionOptions) {}

  /** To be called whenever the status of the bot has changed. */
  statusChanged() {
    const { status } = this.bot
    if (status === Universal.Status.ONLINE) this.attach()
    else if (status === Universal.Status.RECONNECT && !this.socket) void this.report()
    else if (status === Universal.Status.OFFLINE) void this.startAgain()
  }

  dispose() {
    this.disposed.abort()
  }

  private attach() {
    this.hasReported = this.hasIgnored = false
    const { socket } = (this.bot.adapter ?? {}) as { socket?: Socket }
    if (!socket || socket === this.socket) return
    this.socket = socket
    this.lastFrameAt = this.options.clock.monotonic()
    socket.addEventListener('message', ({ data }) => this.receive(socket, String(data)))
    socket.addEventListener('close', () => {
      if (this.socket === socket) this.socket = undefined
    })
    if (this.options.silence) void this.watch(socket)
  }

  private receive(socket: Socket, text: string) {
    this.lastFrameAt = this.options.clock.monotonic()
    if (socket !== this.socket || this.disposed.signal.aborted) return
    const frame = parse(text)
    if (!frame) return this.ignore()
    const { type, headers: { topic, messageId } } = frame
    if (type === 'CALLBACK') {
      const headers = { contentType: 'application/json', messageId }
      socket.send(JSON.stringify({ code: 200, headers, message: 'OK', data: '{"response":null}' }))
    } else if (type === 'SYSTEM' && topic === 'disconnect') {
      void this.reconnect()
    }
  }

  /** Warns once for each connection. */
  private ignore() {
    if (!this.hasIgnored) this.options.warn('DingTalk: frames that cannot be read come over the Stream connection; ignored')
    this.hasIgnored = true
  }

  private async watch(socket: Socket) {
    const { clock, silence, warn } = this.options
    while (this.socket === socket) {
      const end = this.lastFrameAt + silence
      if (clock.monotonic() >= end) {
        warn(`DingTalk: nothing came over the Stream connection for ${Math.round(silence / 1000)} s; connecting anew`)
        return void await this.reconnect()
      }
      await clock.sleep(end - clock.monotonic(), this.disposed.signal)
      // A disposed clock does not wait.
      if (this.disposed.signal.aborted || clock.monotonic() < end - 1000) return
    }
  }

  private async reconnect() {
    this.socket = undefined
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

/** @returns `undefined` for what is no frame: the connection is DingTalk's, what comes over it may be anything */
function parse(text: string): StreamFrame | undefined {
  try {
    const frame = JSON.parse(text) as Partial<StreamFrame> | null
    return typeof frame?.headers === 'object' && frame.headers ? frame as StreamFrame : undefined
  } catch {}
}
