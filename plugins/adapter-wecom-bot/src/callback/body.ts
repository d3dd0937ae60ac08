import type { IncomingMessage } from 'node:http'
import type { CallbackErrorReason } from '../protocol/callback-error'
import { CallbackError } from '../protocol/callback-error'
import type { Clock } from 'common/time'

const MAX_BODY_BYTES = 1 << 20
/** Without it, a sender that withholds one byte would occupy a connection for free. */
const BODY_TIMEOUT_MS = 10_000
/** Koishi's server keeps the raw body under this key if its parser handles the content type. */
const unparsedBody = Symbol.for('unparsedBody')

/** Content length as the request states it; `NaN` if it does not. */
export function contentLength({ headers }: IncomingMessage): number {
  return Number(headers['content-length'])
}

/**
 * Reads the body of a callback.
 * @param parsed what a body parser has made of it, if one has read it before
 * @throws {CallbackError} `size`, `slow`; `malformed` if the sender breaks off, or another plugin has consumed the body
 */
export function readBody(request: IncomingMessage, parsed: unknown, clock: Clock): string | Promise<string> {
  return request.readableEnded ? rawBody(parsed) : receive(request, clock)
}

/** A catch-all route of another plugin has had the body parsed: the stream is consumed. */
function rawBody(parsed: unknown): string {
  const raw = typeof parsed === 'string' ? parsed : (parsed as Record<symbol, unknown> | undefined)?.[unparsedBody]
  if (typeof raw !== 'string') throw new CallbackError('malformed', 'another plugin has read the body')
  if (Buffer.byteLength(raw) > MAX_BODY_BYTES) throw new CallbackError('size')
  return raw
}

function receive(request: IncomingMessage, clock: Clock): Promise<string> {
  if (contentLength(request) > MAX_BODY_BYTES) throw new CallbackError('size')
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    let timer: unknown
    // Most bodies arrive together with their headers and need no timer.
    const soon = setImmediate(() => timer = clock.setTimeout(() => reject(new CallbackError('slow')), BODY_TIMEOUT_MS))
    const settle = () => {
      clearImmediate(soon)
      if (timer) clock.clearTimeout(timer)
    }
    const refuse = (reason: CallbackErrorReason, detail?: string) => {
      settle()
      reject(new CallbackError(reason, detail))
    }
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= MAX_BODY_BYTES) chunks.push(chunk)
      else refuse('size')
    })
    request.on('end', () => {
      settle()
      resolve(chunks.length === 1 ? chunks[0].toString() : Buffer.concat(chunks).toString())
    })
    request.on('error', () => refuse('malformed', 'the sender closed the connection'))
  })
}
