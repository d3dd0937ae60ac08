import { WecomError } from '../util/errors'

/** Why a callback is refused, and the HTTP status of the response. The sender sees only the status. */
const statuses = {
  /** Parameters are missing, or the body is not an envelope. */
  malformed: 400,
  /** The signature is right, but this EncodingAESKey does not decrypt the body. */
  decrypt: 400,
  /** Decrypted, but not a callback of the protocol. */
  payload: 400,
  /** No bot on this path has the token that signed it. */
  signature: 403,
  /** The timestamp is outside the window: a replay, or a wrong clock. */
  clock: 403,
  /** A copy of a callback that was answered so long ago that its turn is gone. */
  replay: 403,
  /** Encrypted for another receive id. */
  'receive-id': 403,
  /** For another bot or app. */
  'foreign-bot': 403,
  method: 405,
  /** The body takes longer than WeCom would wait for the response. */
  slow: 408,
  size: 413,
} as const

export type CallbackErrorReason = keyof typeof statuses

/** A refused callback. It is logged and never reaches plugins. */
export class CallbackError extends WecomError<`wecom-bot/callback-${CallbackErrorReason}`> {
  override name = 'CallbackError'
  /** HTTP status of the response. */
  readonly status: number

  /** @param detail for the log; holds no secrets */
  constructor(readonly reason: CallbackErrorReason, readonly detail?: string) {
    super(`wecom-bot/callback-${reason}`, detail ? `${reason}: ${detail}` : reason)
    this.status = statuses[reason]
  }
}
