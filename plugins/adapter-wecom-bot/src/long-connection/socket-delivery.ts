import type { Clock } from 'common/time'
import { WecomApiError } from '../api/client'
import { isRefusedForGood } from '../api/retry'
import { DeliveryError } from '../api/delivery-error'
import { SOCKET_REPLY_LIFETIME_MS } from '../protocol/limits'
import type { TemplateCard } from '../protocol/template-card'
import type { MessagePart } from '../push/parts'
import type { Push } from '../push/push'
import { isExtra, toDeliveryError } from '../push/push'
import type { Said } from '../render/said'
import { inWords } from '../render/said'
import type { DeliveryOverride, Turn } from '../turn/turn'
import type { Connection } from '../websocket/connection'
import type { Address, ConversationSender, SendOptions } from '../websocket/conversation-sender'
import { addressOfOwner } from '../websocket/conversation-sender'
import { errcodes, isRefusal } from '../websocket/refusal'
import type { SocketMessage, Upload } from './message-bodies'
import { answerMessages, toSocketMessages } from './message-bodies'

/** How long an answer waits for a connection. */
const ANSWER_READY_TIMEOUT_MS = 15 * 60_000
/** How long other messages do. */
const PUSH_READY_TIMEOUT_MS = 60_000

export interface SocketDeliveryContext {
  connection: Connection
  sender: ConversationSender
  upload: Upload
  clock: Clock
  /** Called for each card that was sent. */
  sentCard(card: TemplateCard): void
}

/** Messages over the long connection, apart from bubbles. */
export class SocketDelivery {
  constructor(private readonly context: SocketDeliveryContext) {}

  /**
   * The way out of a turn beside its bubble.
   * @param requestId of the message that is answered; events cannot be answered with messages
   */
  answerTo(requestId?: string): DeliveryOverride {
    const openedAt = this.context.clock.monotonic()
    const isOpen = () => {
      const { clock, connection } = this.context
      return connection.state.name !== 'stopped' && clock.monotonic() - openedAt < SOCKET_REPLY_LIFETIME_MS
    }
    return {
      get isOpen() {
        return isOpen()
      },
      send: (turn, said) => this.sendAnswer(turn, said, requestId),
    }
  }

  /** @throws {DeliveryError} with the number of characters that were not delivered */
  async sendAnswer({ owner }: Turn, said: Said, requestId?: string): Promise<void> {
    const messages = answerMessages(said, this.context.upload)
    const left = new Set(messages)
    try {
      const options = { requestId, readyTimeoutMs: ANSWER_READY_TIMEOUT_MS }
      await this.sendAll(addressOfOwner(owner), messages, options, message => left.delete(message))
    } catch (error) {
      if (!(error instanceof WecomApiError)) throw error
      const [{ words: first }] = left
      // Separators between the messages are not counted, unless everything is lost.
      const isSomeSent = left.size < messages.length
      const lost = isSomeSent ? [...left].map(({ words }) => words).join('').length : inWords(said).length
      const doubtful = error.failure === 'unconfirmed' ? first.length : 0
      throw DeliveryError.fromApi(error, `${lost} characters`, lost, doubtful, `${doubtful} of them`)
    }
  }

  /** Messages to a conversation that answer nothing. */
  pushTo(address: Address): Push {
    return {
      send: async (parts: MessagePart[]) => {
        const messages = toSocketMessages(parts, this.context.upload)
        let sent = 0
        try {
          await this.sendAll(address, messages, { readyTimeoutMs: PUSH_READY_TIMEOUT_MS }, () => sent++)
        } catch (error) {
          throw toDeliveryError(error, parts, messages.length - sent, messages.length)
        }
      },
    }
  }

  private async sendAll(
    address: Address, messages: SocketMessage[], options: SendOptions, sent: (message: SocketMessage) => void,
  ) {
    const { sender, sentCard } = this.context
    let refused: unknown
    for (const message of messages) {
      let body: object = {}
      try {
        body = await message.body()
        await sender.send(address, body, options)
        if (message.card) sentCard(message.card)
        sent(message)
      } catch (error) {
        // The words beside a card or a picture that WeCom refuses are sent all the same.
        if (!isExtra(body) || !isRefusedForGood(error) || isRefusal(error, errcodes.unknownChat)) throw error
        refused ??= error
      }
    }
    if (refused) throw refused
  }
}
