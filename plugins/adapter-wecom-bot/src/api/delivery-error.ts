import type { ApiFailure } from '../util/errors'
import { WecomError } from '../util/errors'

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
}
