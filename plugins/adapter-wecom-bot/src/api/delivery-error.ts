import type { ApiFailure } from '../util/errors'
import { WecomError } from '../util/errors'
import type { WecomApiError } from './client'

export type DeliveryErrorCode = 'wecom-bot/no-route' | 'wecom-bot/message-closed' | `wecom-bot/delivery-${ApiFailure}`

/** A message of which a part, or all, did not reach the chat. */
export class DeliveryError extends WecomError<DeliveryErrorCode> {
  override name = 'DeliveryError'

  /**
   * @param lost characters that were not delivered, as far as is known
   * @param doubtful how many of them were sent but not confirmed, and may have arrived
   */
  constructor(
    code: DeliveryErrorCode,
    readonly lost: number,
    message: string,
    readonly doubtful = 0,
    options?: ErrorOptions,
  ) {
    super(code, message, options)
  }

  /**
   * @param subject what was not delivered, such as `3 characters`
   * @param unconfirmed which part of it may have arrived, such as `the first of them`
   */
  static fromApi(cause: WecomApiError, subject: string, lost: number, doubtful: number, unconfirmed: string) {
    const doubt = cause.failure === 'unconfirmed' ? ` (${unconfirmed} unconfirmed)` : ''
    const message = `${subject} ${outcomes[cause.failure]}${doubt}: ${cause.message}`
    return new DeliveryError(`wecom-bot/delivery-${cause.failure}`, lost, message, doubtful, { cause })
  }
}

const outcomes: Record<ApiFailure, string> = {
  unsent: 'not delivered',
  deferred: 'deferred until the next start',
  refused: 'not delivered',
  unconfirmed: 'not delivered',
}
