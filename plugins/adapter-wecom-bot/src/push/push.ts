import { toWebhookBodies } from './message-bodies'
import { validateWebhookCard } from '../cards/card-schema'
import { DeliveryError } from '../api/delivery-error'
import type { MessagePart } from './parts'
import { WecomApiError } from '../api/client'
import { isRefusedForGood } from '../api/retry'
import type { PendingBody } from '../api/send-queue'
import type { Webhook } from '../api/webhook'

/** A destination for messages that are not replies. */
export interface Push {
  /**
   * Sends messages in order. If one fails, the following ones are not sent, except after a card, picture or news that
   * WeCom refuses.
   * @throws {DeliveryError}
   * @throws {CardError} before anything is sent
   */
  send(parts: MessagePart[]): Promise<void>
}

/** Pushes to a group webhook. */
export class WebhookPush implements Push {
  /** @param chatId the chat, for webhooks that serve several */
  constructor(readonly webhook: Webhook, readonly chatId?: string) {}

  async send(parts: MessagePart[]) {
    const bodies = toWebhookBodies(parts, this.webhook, this.chatId)
    let sent = 0
    try {
      await this.webhook.sendAll(bodies, () => void sent++, (error, index) => {
        return isExtra(bodies[index]) && isRefusedForGood(error)
      })
    } catch (error) {
      throw toDeliveryError(error, parts, bodies.length - sent, bodies.length)
    }
  }
}

/** Whether a message is no text. A file that is still being uploaded does not count. */
export function isExtra(body: PendingBody): boolean {
  return 'msgtype' in body && !/^(?:markdown|text)/.test(String(body.msgtype))
}

/** Pushes to a legacy group robot, which shows notices only: other cards are replaced by a placeholder. */
export function toLegacyRobot(push: Push): Push {
  return {
    send: parts => push.send(parts.map((part): MessagePart => {
      if (part.type !== 'card') return part
      try {
        validateWebhookCard(part.card)
        return part
      } catch {
        return { type: 'markdown', content: '[卡片，无法显示]' }
      }
    })),
  }
}

/**
 * The error of a push, with the characters that were not delivered. Errors that are not of the API pass unchanged.
 * @param lost how many of `total` messages were not confirmed
 */
export function toDeliveryError(error: unknown, parts: MessagePart[], lost: number, total: number) {
  if (!(error instanceof WecomApiError)) return error
  const characters = parts.reduce((sum, part) => sum + ('content' in part ? part.content.length : 0), 0)
  const share = (count: number) => Math.ceil(characters * count / total)
  // Only the message that failed may have arrived. Those after it were not sent.
  const unconfirmed = share(Number(error.failure === 'unconfirmed'))
  return DeliveryError.fromApi(error, `${lost} of ${total} messages`, share(lost), unconfirmed, 'the first of them')
}
