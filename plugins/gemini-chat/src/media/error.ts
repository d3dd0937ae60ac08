import { GeminiChatError } from '../util/errors'
import type { GeminiChatErrorCode } from '../util/errors'

/**
 * Why a file is not part of a question: its format, its size, it is no longer there, its key does not fit, or it cannot
 * be fetched for another reason.
 */
export type MediaErrorReason = 'type' | 'size' | 'expired' | 'undecryptable' | 'unreachable'

const CODES: Record<MediaErrorReason, GeminiChatErrorCode> = {
  type: 'gemini-chat/file-type-not-supported',
  size: 'gemini-chat/file-too-large',
  expired: 'gemini-chat/file-not-available',
  undecryptable: 'gemini-chat/file-not-available',
  unreachable: 'gemini-chat/file-not-available',
}

/** A file that cannot be sent to the model. The message never contains the address, which often grants access. */
export class MediaError extends GeminiChatError {
  override readonly name = 'MediaError'

  /** @param limit the most bytes that a file may have, where it is too large */
  constructor(readonly reason: MediaErrorReason, message: string, readonly limit?: number) {
    super(CODES[reason], message)
  }
}
