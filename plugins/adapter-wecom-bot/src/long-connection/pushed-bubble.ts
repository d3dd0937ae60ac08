import type { Activity } from 'common/async'
import type { Clock } from 'common/time'
import { WecomApiError } from '../api/client'
import { SYSTEM_BUSY } from '../api/retry'
import { SOCKET_STREAM_LIFETIME_MS } from '../protocol/limits'
import type { Frame } from '../protocol/reply'
import { streamReply } from '../protocol/reply'
import type { Screen } from '../turn/screen'
import type { TurnController } from '../turn/turn-controller'
import type { Connection } from '../websocket/connection'
import type { ConversationLimits, SendKind, Slot } from '../websocket/conversation-limits'
import { addressOfOwner } from '../websocket/conversation-sender'
import { errcodes } from '../websocket/refusal'

/** Before the first frame: an answer that is complete at once needs only one. */
const FIRST_FRAME_DELAY_MS = 10
/** After WeCom has processed two frames of a stream at once, or is busy. */
const CONFLICT_PAUSE_MS = 300
const BUSY_PAUSE_MS = 1000
/** A stream is not continued this shortly before it expires. */
const EXPIRY_MARGIN_MS = 10_000
/** How often a last frame is sent without an acknowledgement, and how often a refused frame is tried again. */
const MAX_ATTEMPTS = 3
/** Streams of one bubble: a new one takes the place of one that has expired. */
const MAX_STREAMS = 3
/** How long to wait for a connection before it is looked at again. */
const READY_LIMIT_MS = 5_000

export interface PushedBubbleContext {
  connection: Connection
  limits: ConversationLimits
  clock: Clock
  /** Whether the platform shows rating buttons below answers. */
  feedback: boolean
  /** Content of a bubble that shows nothing of the answer yet. */
  placeholder: string
  /** Counts bubbles that are being shown. */
  showing: Activity
  /** Resolves when the frames so far are stored, or cannot be stored in time. */
  written(): Promise<void>
  /** The last frame has arrived. */
  completed(turn: TurnController, frame: Frame): Promise<void>
}

/**
 * A bubble whose frames are pushed: the newest one, one at a time. Frames in between are left out where WeCom is slow
 * or the limits are near; the last one is sent until it is acknowledged, also after a reconnect. It may be repeated,
 * since it has the same stream and the same content.
 */
export class PushedBubble implements Screen {
  readonly isPushed = true
  private isDirty = false
  private isRunning = false
  private isOver = false
  private streams = 1
  /** When the stream got its first frame. */
  private startedAt?: number
  private lastSentAt = -Infinity
  /** The last frame that WeCom has acknowledged, of the current stream. */
  private shown?: Frame
  /** How often the last frame was not acknowledged although the connection is well: it has probably arrived. */
  private unacknowledged = 0
  private refusals = 0
  private wake?: () => void
  private readonly channel: string
  private readonly closed: () => void

  /** @param requestId of the message that is answered */
  constructor(
    private readonly turn: TurnController,
    private readonly requestId: string,
    private readonly context: PushedBubbleContext,
  ) {
    this.channel = addressOfOwner(turn.owner).channel
    this.closed = context.limits.openBubble(this.channel)
  }

  changed() {
    if (this.isOver) return
    this.isDirty = true
    if (!this.isRunning) void this.context.showing.run(() => this.run())
    else if (this.turn.isClosing) this.wake?.()
  }

  dispose() {
    this.isOver = true
    this.closed()
    this.wake?.()
  }

  private async run() {
    this.isRunning = true
    try {
      if (!this.startedAt && !this.turn.isClosing) await this.pause(FIRST_FRAME_DELAY_MS)
      while (this.isDirty && !this.isOver) await this.step()
    } catch (error) {
      this.turn.deliveryFailed(error)
    } finally {
      this.isRunning = false
    }
  }

  private async step() {
    const { connection, limits, clock } = this.context
    if (!await connection.untilReady(READY_LIMIT_MS)) return this.disconnected()
    if (this.isOver) return
    const kind = this.kind()
    if (kind === 'refresh' && !this.isPlaceholder) {
      const wait = this.lastSentAt + limits.spacing(this.channel) - clock.monotonic()
      if (wait > 0) return this.pause(wait)
    }
    const slot = limits.enter(this.channel, kind)
    if (typeof slot === 'number') return this.pause(slot)
    this.isDirty = false
    const frame = this.turn.frame()
    if (!frame || frame === this.shown) return slot.cancel()
    // Should the process be killed now, the next one repeats this frame, which WeCom takes, instead of another one.
    if (frame.finish) await this.context.written()
    if (this.isOver || this.isDirty) return slot.cancel()
    await this.send(frame, slot)
  }

  /** There is no connection. A last frame is stored: another process may have to send it. */
  private async disconnected() {
    const { turn, context: { connection } } = this
    if (this.isOver) return
    if (connection.state.name === 'stopped') return this.abandon()
    if (!turn.isClosing) return
    turn.store()
    // The instance that has the connection closes the bubble, if it can see the frame.
    const mayLeave = () => connection.state.name === 'standby' && turn.isClosing && !this.isOver
    if (!mayLeave() || !await turn.isShown() || !mayLeave()) return
    this.isOver = true
    this.closed()
    const { images, card } = turn.turn
    if (images.length || card) turn.deliveryFailed(connection.unavailable())
    turn.leaveBubble()
  }

  private async send(frame: Frame, slot: Slot) {
    const { connection, clock, feedback } = this.context
    const { content, finish } = frame
    const age = clock.monotonic() - (this.startedAt ?? Infinity)
    if (age > SOCKET_STREAM_LIFETIME_MS - EXPIRY_MARGIN_MS) this.nextStream()
    const feedbackId = feedback && !this.shown ? this.turn.id : undefined
    const body = streamReply(this.streamId, { content, finish }, undefined, feedbackId)
    this.startedAt ??= clock.monotonic()
    this.lastSentAt = clock.monotonic()
    try {
      await connection.request('aibot_respond_msg', body, this.requestId)
      slot.done()
      this.shown = frame
      this.refusals = 0
      if (finish) await this.complete(frame)
    } catch (error) {
      if (!(error instanceof WecomApiError)) throw error
      if (error.failure === 'unsent') slot.cancel()
      else slot.done()
      await this.failed(error, frame)
    }
  }

  private async failed(error: WecomApiError, frame: Frame) {
    // A newer frame may be there already. Otherwise the same one is sent again.
    this.isDirty = true
    if (error.failure === 'refused') return this.refused(error, frame)
    if (error.failure !== 'unconfirmed' || !frame.finish || !this.context.connection.isReady) return
    if (++this.unacknowledged < MAX_ATTEMPTS) return
    this.turn.deliveryFailed(error)
    await this.complete(frame)
  }

  private async refused(error: WecomApiError, frame: Frame) {
    const { limits } = this.context
    const isShown = frame.finish && this.shown?.content === frame.content
    switch (error.errcode) {
      case errcodes.notSubscribed:
        return
      case errcodes.conflict:
        return this.pause(CONFLICT_PAUSE_MS)
      case errcodes.rateLimited:
      case errcodes.tooConcurrent:
        return limits.refused(this.channel)
      case errcodes.streamExpired:
        if (isShown || (frame.finish && this.unacknowledged)) return this.complete(frame)
        return this.streams < MAX_STREAMS ? this.nextStream() : this.abandon()
      case errcodes.requestIdInvalid:
        return isShown ? this.complete(frame) : this.abandon()
      default:
        if (++this.refusals < MAX_ATTEMPTS) {
          return this.pause(error.errcode === SYSTEM_BUSY ? BUSY_PAUSE_MS : CONFLICT_PAUSE_MS)
        }
        if (frame.finish) return this.abandon()
        // Something in the text is refused: wait for another one.
        this.refusals = 0
        this.shown = frame
    }
  }

  private async complete(frame: Frame) {
    this.isOver = true
    this.closed()
    this.turn.confirmFinalFrame(true)
    await this.context.completed(this.turn, frame)
  }

  /** The answer is sent as a message instead. */
  private abandon() {
    this.isOver = true
    this.closed()
    this.turn.abandonBubble()
  }

  private nextStream() {
    this.streams++
    this.startedAt = undefined
    this.shown = undefined
  }

  private kind(): SendKind {
    if (this.turn.isClosing) return 'last'
    return this.startedAt === undefined ? 'message' : 'refresh'
  }

  /** The bubble shows nothing of the answer yet. */
  private get isPlaceholder() {
    return !this.shown || this.shown.content === this.context.placeholder
  }

  private get streamId() {
    return this.streams > 1 ? `${this.turn.id}.${this.streams}` : this.turn.id
  }

  /** Waits, but not where the last frame is to be sent. */
  private pause(ms: number): Promise<void> {
    const { clock } = this.context
    return new Promise((resolve) => {
      const end = () => {
        clock.clearTimeout(timer)
        this.wake = undefined
        resolve()
      }
      const timer = clock.setTimeout(end, ms)
      this.wake = end
    })
  }
}
