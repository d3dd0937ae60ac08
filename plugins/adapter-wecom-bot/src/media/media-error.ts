import type { WecomErrorCode } from '../util/errors'
import { WecomError } from '../util/errors'

export type MediaErrorCode = Extract<WecomErrorCode, `wecom-bot/media-${string}`>

/** A file that cannot be downloaded or decrypted. The message never contains the link, which is a secret. */
export class MediaError extends WecomError<MediaErrorCode> {
  override name = 'MediaError'
}
