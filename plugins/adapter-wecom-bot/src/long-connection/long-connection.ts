import type { Logger } from 'koishi'
import { Activity } from 'common/async'
import { ExpiringMap } from 'common/collections'
import type { Clock } from 'common/time'
import type { ReplyRoute } from '../inbound/aibot-handler'
import type { Outcome } from '../inbound/types'
import type { Payload } from '../protocol/payload'
import type { TemplateCard } from '../protocol/template-card'
import type { Push } from '../push/push'
import { ConnectionLease } from '../instances/connection-lease'
import type { SharedStream } from '../instances/shared-turns'
import type { StreamStore } from '../storage/streams'
import type { Notices } from '../turn/notices'
import type { StreamCards } from '../turn/stream-cards'
import type { Frame } from '../protocol/reply'
import type { TurnController } from '../turn/turn-controller'
import type { ConnectionState } from '../websocket/connection'
import { Connection } from '../websocket/connection'
import { ConnectionLog } from '../websocket/connection-log'
import { ConversationLimits } from '../websocket/conversation-limits'
import { ConversationSender, addressOfChannel } from '../websocket/conversation-sender'
import type { Dial } from '../websocket/dial'
import { MediaUpload } from '../websocket/media-upload'
import type { LeftBubblesContext } from './left-bubbles'
import { MAX_LEFT_AGE_MS, closeLeftBubble, closeLeftBubbles } from './left-bubbles'
import { PushedBubble } from './pushed-bubble'
import { Receiver } from './receiver'
import { ReconnectPolicy } from '../websocket/reconnect-policy'
import { SocketDelivery } from './socket-delivery'

/** How long, and how many, bubbles are remembered as this process's. */
const OPENED_LIFETIME_MS = 86_400_000
const MAX_OPENED = 10_000

export interface LongConnectionOptions {
  botId: string
  secret: string
  dial: Dial
  clock: Clock
  logger: Pick<Logger, 'info' | 'warn' | 'error'>
  feedback: boolean
  placeholder: string
  cards: StreamCards
  streams: Pick<StreamStore, 'unconfirmed' | 'save' | 'written' | 'isClosed'>
  notices: Pick<Notices, 'interrupted'>
  /** Whether this process answers in a stream. */
  isOwn(streamId: string): boolean
  /** Called for each card that a plugin has sent. */
  sentCard(card: TemplateCard): void
  /** @throws {CallbackError} */
  accept(payload: Payload, route: ReplyRoute): Outcome | Promise<Outcome>
  /** The state of the connection has changed. */
  changed(state: ConnectionState): void
}

/** Everything that a bot does over its long connection. */
export class LongConnection {
  readonly connection: Connection
  /** Allows one instance to connect. */
  readonly lease: ConnectionLease
  private readonly limits: ConversationLimits
  private readonly sender: ConversationSender
  private readonly uploads: MediaUpload
  private readonly delivery: SocketDelivery
  /** Bubbles, with the images and cards that follow their last frames. */
  private readonly showing: Activity
  private readonly closing = new AbortController()
  /** Streams of this process. Their rows may say that they are open, because the database was away. */
  private readonly opened: ExpiringMap<true>

  constructor(private readonly options: LongConnectionOptions) {
    const { botId, secret, dial, clock, logger, accept, sentCard } = options
    this.opened = new ExpiringMap(clock, OPENED_LIFETIME_MS, MAX_OPENED)
    const log = new ConnectionLog(logger, botId)
    this.connection = new Connection({
      botId,
      secret,
      dial,
      clock,
      taker: () => this.lease.taker,
      policy: new ReconnectPolicy(Math.random, clock),
      received: (payload, requestId) => receiver.received(payload, requestId),
      changed: (state) => {
        log.changed(state)
        options.changed(state)
        if ('reason' in state && state.reason?.name === 'replaced') this.lease.replaced()
      },
      ignored: reason => log.ignored(reason),
    })
    this.lease = new ConnectionLease(botId, clock, {
      granted: () => this.connection.start(),
      denied: () => this.connection.standBy(),
    })
    this.limits = new ConversationLimits(clock)
    this.sender = new ConversationSender(this.connection, this.limits, clock, this.closing.signal)
    this.uploads = new MediaUpload(this.connection, clock, this.closing.signal)
    this.showing = new Activity(clock)
    this.delivery = new SocketDelivery({
      connection: this.connection,
      sender: this.sender,
      upload: (type, name, data) => this.uploads.upload(type, name, data),
      clock,
      sentCard,
    })
    const receiver = new Receiver({
      connection: this.connection,
      limits: this.limits,
      accept,
      routeOf: (payload, requestId) => this.routeOf(payload, requestId),
      warn: text => logger.warn(text),
    })
  }

  /** Connects, as soon as no other instance does. */
  start() {
    this.lease.start()
  }

  /** Closes the connection, and hands it over to another instance. */
  async stop() {
    this.connection.stop()
    await this.lease.stop()
  }

  /** Waits until everything is sent, at most `limitMs` milliseconds. */
  async whenIdle(limitMs: number): Promise<void> {
    await Promise.all([this.sender.whenIdle(limitMs), this.showing.whenIdle(limitMs)])
  }

  /** Sends messages to a conversation that answer nothing. */
  pushTo(channelId: string): Push {
    return this.delivery.pushTo(addressOfChannel(channelId))
  }

  dispose() {
    this.closing.abort()
    void this.stop()
    this.uploads.dispose()
  }

  /** Closes the bubbles of an earlier process, when the stored streams can be read. */
  async closeLeftBubbles(): Promise<void> {
    await this.showing.run(() => closeLeftBubbles(this.leftBubbles()))
  }

  /** This instance has the connection. */
  get isReady() {
    return this.connection.isReady
  }

  /**
   * Closes a bubble of another instance, which has died.
   * @returns whether nothing is left to be done: otherwise it may be tried again, also by another instance
   */
  async closeLeftBubble(stream: SharedStream): Promise<boolean> {
    const { clock, streams } = this.options
    if (clock.now() - stream.shownAt > MAX_LEFT_AGE_MS || await streams.isClosed?.(stream.streamId)) return true
    return this.showing.run(() => closeLeftBubble(stream, this.leftBubbles()))
  }

  private leftBubbles(): LeftBubblesContext {
    const { streams, notices, placeholder, logger } = this.options
    return {
      streams,
      sender: this.sender,
      notices,
      placeholder,
      isOwn: id => !!this.opened.get(id) || this.options.isOwn(id),
      failed: ({ message }) => {
        logger.warn('could not close a bubble that was left open by an earlier process: %s', message)
      },
    }
  }

  private routeOf(payload: Payload, requestId: string): ReplyRoute {
    const isMessage = payload.kind === 'message'
    const { clock, feedback, placeholder, streams } = this.options
    return {
      screen: (turn) => {
        this.opened.set(turn.id, true)
        return new PushedBubble(turn, requestId, {
          connection: this.connection,
          limits: this.limits,
          clock,
          feedback,
          placeholder,
          showing: this.showing,
          written: () => streams.written(),
          completed: (turn, frame) => this.complete(turn, frame, requestId),
        })
      },
      // An event cannot be answered with messages.
      override: this.delivery.answerTo(isMessage ? requestId : undefined),
      requestId: isMessage ? requestId : undefined,
    }
  }

  /** Sends what a bubble cannot show: images and the card are messages of their own. */
  private async complete(turn: TurnController, { images }: Frame, requestId: string) {
    // A bubble that had to close before the answer was complete has none: they follow with the rest.
    if (!images) return
    const { cards } = this.options
    const card = cards.attach(turn, turn.msgId)
    if (!images.length && !card) return
    try {
      await this.delivery.sendAnswer(turn.turn, { text: '', images, card }, requestId)
      cards.confirm(turn)
    } catch (error) {
      turn.deliveryFailed(error)
    }
  }
}
