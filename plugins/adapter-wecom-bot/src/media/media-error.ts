import { WecomError } from '../util/errors'

export type MediaErrorCode =
  | 'wecom-bot/media-too-large'
  | 'wecom-bot/media-unavailable'
  | 'wecom-bot/media-network-failed'
  | 'wecom-bot/media-timed-out'
  | 'wecom-bot/media-private-address'
  | 'wecom-bot/media-undecryptable'

/** A file that cannot be downloaded or decrypted. The message never contains the link, which is a secret. */
export class MediaError extends WecomError<MediaErrorCode> {
  override name = 'MediaError'
}
