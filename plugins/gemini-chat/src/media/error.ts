/** Why a file is not part of a question. */
export type MediaErrorReason = 'type' | 'size' | 'unreachable'

/** Its message names no address: those of files often carry the right to read them. */
export class MediaError extends Error {
  override readonly name = 'MediaError'
  readonly code = 'GEMINI_MEDIA'

  constructor(readonly reason: MediaErrorReason, message: string) {
    super(message)
  }
}
