import { GeminiChatError } from '../util/errors'
import type { GeminiChatErrorCode } from '../util/errors'

/** Why a file is not part of a question: its format, its size, or it cannot be fetched. */
export type MediaErrorReason = 'type' | 'size' | 'unreachable'

const CODES: Record<MediaErrorReason, GeminiChatErrorCode> = {
  type: 'gemini-chat/file-type-not-supported',
  size: 'gemini-chat/file-too-large',
  unreachable: 'gemini-chat/file-not-available',
}

/** A file that cannot be sent to the model. The message never contains the address, which often grants access. */
export class MediaError extends GeminiChatError {
  override readonly name = 'MediaError'

  constructor(readonly reason: MediaErrorReason, message: string) {
    super(CODES[reason], message)
  }
}
