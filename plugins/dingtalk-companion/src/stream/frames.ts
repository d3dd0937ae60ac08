/** Topics of callbacks. */
export const MESSAGE_TOPIC = '/v1.0/im/bot/messages/get'
export const CARD_TOPIC = '/v1.0/card/instances/callback'

/**
 * One text of the Stream connection.
 * @see https://open.dingtalk.com/document/direction/stream-mode-protocol-access-description
 */
export interface StreamFrame {
  type: string
  headers: { topic?: string, messageId: string, contentType?: string }
  /** JSON. */
  data: string
}

/** @returns `undefined` for what is no frame: what comes over the connection may be anything */
export function parseFrame(text: string): StreamFrame | undefined {
  const frame = parseJson(text) as Partial<StreamFrame> | null | undefined
  if (typeof frame?.headers !== 'object' || !frame.headers) return
  return { type: String(frame.type), headers: frame.headers, data: String(frame.data ?? '') }
}

/** @returns `undefined` for what is no JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {}
}

/** Answers a ping with its own data. */
export function pong({ headers, data }: StreamFrame): string {
  return JSON.stringify({ code: 200, headers, message: 'OK', data })
}

/** Acknowledges a callback, which DingTalk delivers again otherwise. */
export function acknowledgement({ headers: { messageId } }: StreamFrame, response: object | null): string {
  const headers = { contentType: 'application/json', messageId }
  return JSON.stringify({ code: 200, headers, message: 'OK', data: JSON.stringify({ response }) })
}
