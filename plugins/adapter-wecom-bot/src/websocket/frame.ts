import { CallbackError } from '../protocol/callback-error'
import { parseAibotPayload, parseJson } from '../protocol/parse-aibot'
import type { Payload } from '../protocol/payload'

/** A command to WeCom. */
export type Command =
  | 'aibot_subscribe'
  | 'ping'
  | 'aibot_respond_msg'
  | 'aibot_respond_welcome_msg'
  | 'aibot_respond_update_msg'
  | 'aibot_send_msg'
  | 'aibot_upload_media_init'
  | 'aibot_upload_media_chunk'
  | 'aibot_upload_media_finish'

/** The answer to a frame of ours. It names only the frame's `req_id`. */
export interface Acknowledgement {
  kind: 'acknowledgement'
  requestId: string
  /** 0 for success. */
  errcode: number
  body: Record<string, unknown>
}

/** A frame from WeCom. */
export type IncomingFrame =
  | Acknowledgement
  /** A message or an event; replies to it carry its `requestId`. */
  | { kind: 'callback', requestId: string, payload: Payload }
  /** Another process has subscribed for this bot. */
  | { kind: 'replaced' }
  /** Nothing that needs an action. `reason`: what it is, if that is unexpected. */
  | { kind: 'ignored', reason?: string }

/** Longer frames are ignored. Files never come in frames. */
const MAX_FRAME_LENGTH = 1 << 20

/**
 * Parses a frame. Never throws: what is not understood is ignored, with a reason that contains nothing of the frame.
 * @see https://developer.work.weixin.qq.com/document/path/101463
 */
export function parseFrame(text: string): IncomingFrame {
  if (text.length > MAX_FRAME_LENGTH) return { kind: 'ignored', reason: 'a frame of more than 1 MB' }
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof CallbackError)) throw error
    return { kind: 'ignored', reason: error.message }
  }
}

function parse(text: string): IncomingFrame {
  const frame = record(parseJson(text))
  const requestId = record(frame?.headers)?.req_id
  if (!frame || typeof requestId !== 'string') return { kind: 'ignored', reason: 'not a frame' }
  const { cmd, errcode } = frame
  const body = record(frame.body) ?? {}
  switch (cmd) {
    case undefined:
      if (typeof errcode !== 'number') return { kind: 'ignored', reason: 'neither a command nor an errcode' }
      return { kind: 'acknowledgement', requestId, errcode, body }
    case 'aibot_msg_callback':
      return { kind: 'callback', requestId, payload: parseAibotPayload(body) }
    case 'aibot_event_callback':
      if (record(body.event)?.eventtype === 'disconnected_event') return { kind: 'replaced' }
      return { kind: 'callback', requestId, payload: parseAibotPayload(body) }
    case 'ping':
    case 'pong':
      return { kind: 'ignored' }
    default:
      return { kind: 'ignored', reason: 'an unknown command' }
  }
}

/** @param body omitted for pings */
export function buildFrame(cmd: Command, requestId: string, body?: object): string {
  return JSON.stringify({ cmd, headers: { req_id: requestId }, body })
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : undefined
}
