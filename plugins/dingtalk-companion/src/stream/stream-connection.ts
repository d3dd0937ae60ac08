import { Universal } from 'koishi'
import type { Bot } from 'koishi'
import type { Clock } from '../../../gemini-chat/src/util/clock'
import type { DingtalkBot } from '../api/stock-bot'
import { refusalOf } from '../api/error'
import type { Refusal } from '../api/error'

/** A bot that gave up is started again after this. */
const REVIVAL = 60_000

interface Socket {
  send(text: string): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', listener: () => void): void
}

export interface LineOptions {
  clock: Clock
  /** Milliseconds without a frame after which a connection counts as dead; 0 for never. */
  silence: number
  warn(text: string): void
}

/**
 * Looks after the Stream connection of one bot. The adapter's own takes callbacks without saying so, which DingTalk
 * then delivers again, stays on a connection that was called off, and gives up for ever after half a minute.
 * @see https://open.dingtalk.com/document/direction/stream-mode-protocol-access-description
 */
export class Line {
  private heardAt = 0
  private socket?: Socket
  private complained = false
  private reviving = false
  private readonly disposed = new AbortController()

  constructor(private readonly bot: DingtalkBot, private readonly options: LineOptions) {}

  /** The bot's status has changed. */
  notice() {
    const { status } = this.bot
    if (status === Universal.Status.ONLINE) this.attach()
    else if (status === Universal.Status.RECONNECT && !this.socket) void this.complain()
    else if (status === Universal.Status.OFFLINE) void this.revive()
  }

  dispose() {
    this.disposed.abort()
  }

  private attach() {
    this.complained = false
    const { socket } = (this.bot.adapter ?? {}) as { socket?: Socket }
    if (!socket || socket === this.socket) return
    this.socket = socket
    this.heardAt = this.options.clock.now()
    socket.addEventListener('message', ({ data }) => this.hear(socket, String(data)))
    socket.addEventListener('close', () => {
      if (this.socket === socket) this.socket = undefined
    })
    if (this.options.silence) void this.watch(socket)
  }

  private hear(socket: Socket, text: string) {
    this.heardAt = this.options.clock.now()
    if (socket !== this.socket || this.disposed.signal.aborted) return
    const { type, headers: { topic, messageId } } = JSON.parse(text) as Frame
    if (type === 'CALLBACK') {
      const headers = { contentType: 'application/json', messageId }
      socket.send(JSON.stringify({ code: 200, headers, message: 'OK', data: '{"response":null}' }))
    } else if (type === 'SYSTEM' && topic === 'disconnect') {
      void this.restart()
    }
  }

  private async watch(socket: Socket) {
    const { clock, silence, warn } = this.options
    while (this.socket === socket) {
      const end = this.heardAt + silence
      if (clock.now() >= end) {
        warn(`DingTalk: nothing came over the Stream connection for ${Math.round(silence / 1000)} s; connecting anew`)
        return void await this.restart()
      }
      await clock.sleep(end - clock.now(), this.disposed.signal)
      // The clock stops with the plugin.
      if (this.disposed.signal.aborted || clock.now() < end - 1000) return
    }
  }

  private async restart() {
    this.socket = undefined
    await this.bot.stop()
    if (!this.disposed.signal.aborted) await this.bot.start()
  }

  /** Says once what keeps the bot from connecting. The adapter logs what DingTalk answered, again and again. */
  private async complain() {
    if (this.complained) return
    this.complained = true
    const refusal = await this.diagnose()
    if (!refusal || this.disposed.signal.aborted) return
    const hint = refusal.kind === 'unsent' || refusal.kind === 'network'
      ? 'check the network'
      : 'check DINGTALK_CLIENT_ID and DINGTALK_CLIENT_SECRET (appkey and secret)'
    this.options.warn(`DingTalk: the bot cannot connect: ${refusal.message}; ${hint}. It keeps trying; other platforms are not affected`)
  }

  /** Asks for a token, which costs nothing. */
  private async diagnose(): Promise<Refusal | undefined> {
    const { internal, config } = this.bot
    try {
      await internal.getAccessToken({ appKey: config.appkey, appSecret: config.secret })
    } catch (error) {
      return refusalOf(error)
    }
  }

  private async revive() {
    if (this.reviving || this.disposed.signal.aborted) return
    // Whoever stops a bot leaves no error. It is set after the status.
    await Promise.resolve()
    if (!this.bot.error) return
    this.reviving = true
    void this.complain()
    await this.options.clock.sleep(REVIVAL, this.disposed.signal)
    this.reviving = false
    if (!this.disposed.signal.aborted && !isActive(this.bot)) await this.bot.start()
  }
}

interface Frame {
  type: string
  headers: { topic?: string, messageId: string }
}

function isActive({ status }: Bot) {
  return status !== Universal.Status.OFFLINE && status !== Universal.Status.DISCONNECT
}
