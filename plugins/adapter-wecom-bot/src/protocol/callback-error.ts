/** Why a callback is refused, and the HTTP status it gets. The caller learns the status only. */
const statuses = {
  /** Parameters are missing, or the body is not an envelope. */
  malformed: 400,
  /** Properly signed, but this EncodingAESKey does not open it. */
  decrypt: 400,
  /** Opened, but not a callback of the protocol. */
  payload: 400,
  /** No bot on this path has the token that signed it. */
  signature: 403,
  /** Older or newer than the window allows: a replay, or a clock that is wrong. */
  clock: 403,
  /** A copy of a callback that was answered long enough ago to be forgotten. */
  replay: 403,
  /** Encrypted for another receive id. */
  'receive-id': 403,
  /** Meant for another bot. */
  'foreign-bot': 403,
  method: 405,
  /** Its body takes longer than WeCom itself would wait for the answer. */
  slow: 408,
  size: 413,
} as const

export type CallbackErrorReason = keyof typeof statuses

export class CallbackError extends Error {
  override name = 'CallbackError'
  readonly status: number

  constructor(readonly reason: CallbackErrorReason, readonly detail?: string) {
    super(detail ? `${reason}: ${detail}` : reason)
    this.status = statuses[reason]
  }
}
