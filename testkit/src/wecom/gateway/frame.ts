/** A frame of the long connection. @see https://developer.work.weixin.qq.com/document/path/101463 */
export interface Frame {
  /** Missing in acknowledgements. */
  cmd?: string
  headers: { req_id: string }
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body?: any
  errcode?: number
  errmsg?: string
}

/** What WeCom makes of a frame. */
export interface Verdict {
  errcode: number
  errmsg: string
  body?: object
}

export const OK: Verdict = { errcode: 0, errmsg: 'ok' }

/** Codes of the long connection. */
export const errors = {
  conflict: 6000,
  secret: 40001,
  messageType: 40008,
  botId: 40013,
  parameter: 40058,
  rate: 45009,
  chat: 93006,
  requestId: 846605,
  expired: 846608,
  unsubscribed: 846609,
} as const

/** A frame that breaks a rule of the protocol. */
export class Violation extends Error {
  override name = 'Violation'

  constructor(readonly errcode: number, message: string) {
    super(message)
  }
}

/** @throws {Violation} 40058 for anything that is not a frame */
export function readFrame(text: string): Frame {
  let frame: Partial<Frame> | null
  try {
    frame = JSON.parse(text) as Partial<Frame> | null
  } catch {
    throw new Violation(errors.parameter, 'a frame that is not JSON')
  }
  if (typeof frame?.headers?.req_id !== 'string' || !frame.headers.req_id) {
    throw new Violation(errors.parameter, 'a frame without "headers.req_id"')
  }
  return frame as Frame
}
