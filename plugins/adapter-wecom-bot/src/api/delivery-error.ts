import type { WecomApiError } from './client'

/** A message of which a part, or all, did not reach the chat. */
export class DeliveryError extends Error {
  override name = 'DeliveryError'

  /**
   * @param lost characters that were not delivered, as far as is known
   * @param doubtful how many of them were sent but not confirmed, and may have arrived
   */
  constructor(
    readonly code: 'no-way' | WecomApiError['failure'],
    readonly lost: number,
    message: string,
    readonly doubtful = 0,
  ) {
    super(message)
  }
}
