import type { ReplyRoute } from '../inbound/aibot-handler'
import type { Outcome } from '../inbound/types'
import { CallbackError } from '../protocol/callback-error'
import type { Payload } from '../protocol/payload'
import type { Connection } from '../websocket/connection'
import type { ConversationLimits, Slot } from '../websocket/conversation-limits'
import { addressOfOwner } from '../websocket/conversation-sender'
import type { Command } from '../websocket/frame'

/** How long what is replied at once waits for a connection. Welcomes and card updates are taken for five seconds. */
const REPLY_READY_TIMEOUT_MS = 4000

export interface ReceiverOptions {
  connection: Connection
  limits: ConversationLimits
  /** @throws {CallbackError} */
  accept(payload: Payload, route: ReplyRoute): Outcome | Promise<Outcome>
  /** How the answer to a message or an event reaches the platform. */
  routeOf(payload: Payload, requestId: string): ReplyRoute
  /** A message or an event was refused, or could not be answered. The text contains no secrets. */
  warn(text: string): void
}

/** Hands received messages and events to the handler, and sends what it replies at once. */
export class Receiver {
  constructor(private readonly options: ReceiverOptions) {}

  received(payload: Payload, requestId: string) {
    this.handle(payload, requestId).catch((error) => {
      const { message } = error as Error
      this.options.warn(error instanceof CallbackError
        ? `ignored what came over the long connection: ${message}`
        : `could not reply over the long connection: ${message}`)
    })
  }

  private async handle(payload: Payload, requestId: string) {
    const { accept, routeOf, connection } = this.options
    const { reply, responded } = await accept(payload, routeOf(payload, requestId))
    const command = commandFor(payload)
    if (!reply || !command) return
    await connection.whenReady(REPLY_READY_TIMEOUT_MS)
    const slot = command === 'aibot_respond_update_msg' ? undefined : this.enter(payload)
    try {
      await connection.request(command, reply, requestId)
      responded?.(true)
    } catch (error) {
      responded?.(false)
      throw error
    } finally {
      slot?.done()
    }
  }

  /** @throws {Error} where the conversation is at its limit: the reply cannot wait */
  private enter(payload: Payload): Slot {
    const slot = this.options.limits.enter(addressOfOwner(payload).channel, 'last')
    if (typeof slot === 'object') return slot
    throw new Error('the chat has reached WeCom\'s limit of messages per minute')
  }
}

/**
 * The command for the reply to a message or an event. WeCom refuses any other one.
 * @see https://developer.work.weixin.qq.com/document/path/101463
 */
function commandFor(payload: Payload): Command | undefined {
  switch (payload.kind) {
    case 'message':
    case 'unknown':
      return 'aibot_respond_msg'
    case 'event':
      if (payload.type === 'enter-chat') return 'aibot_respond_welcome_msg'
      return payload.type === 'card-click' ? 'aibot_respond_update_msg' : undefined
    case 'poll':
      return
    default:
      return payload satisfies never
  }
}
