import type { IncomingMessage } from 'node:http'
import type { CallbackErrorReason } from '../protocol/callback-error'
import { CallbackError } from '../protocol/callback-error'
import type { Clock } from 'common/time'

const MAX_BODY_BYTES = 1 << 20
/** Without it, a sender that withholds one byte would occupy a connection for free. */
const BODY_TIMEOUT_MS = 10_000
/** Koishi's server keeps the raw body under this key if its parser handles the content type. */
const unparsedBody = Symbol.for('unparsedBody')

/** Most bytes of all bodies that are being received. Those of WeCom have a few thousand, and arrive in one piece. */
const MAX_UNVERIFIED_BYTES = 16 << 20

/** A body that is being received. */
interface Receiving {
  /** Bytes, as far as they are counted. */
  size: number
  isCounted: boolean
  cutOff(): void
}

/** The bodies that are being received, of which none is verified yet. Together they take a bounded amount of memory. */
export class UnverifiedBodies {
  /** The oldest one first. */
  private readonly bodies = new Set<Receiving>()
  private size = 0

  constructor(private readonly maxBytes = MAX_UNVERIFIED_BYTES) {}

  /** A body has grown. The oldest ones are cut off for it if need be. */
  grow(body: Receiving, bytes: number) {
    if (!body.isCounted) this.bodies.add(body)
    body.isCounted = true
    body.size += bytes
    this.size += bytes
    for (const oldest of this.bodies) {
      if (this.size <= this.maxBytes) break
      oldest.cutOff()
    }
  }

  /** A body is complete, or was given up. */
  remove(body: Receiving) {
    if (this.bodies.delete(body)) this.size -= body.size
  }
}

const allBodies = new UnverifiedBodies()

/** Content length as the request states it; `NaN` if it does not. */
export function contentLength({ headers }: IncomingMessage): number {
  return Number(headers['content-length'])
}

/**
 * Reads the body of a callback.
 * @param parsed what a body parser has made of it, if one has read it before
 * @param bodies all bodies that share the memory for those that are not verified; of the whole process by default
 * @throws {CallbackError} `size`, `slow`; `malformed` if the sender breaks off, or another plugin has consumed the body
 */
export function readBody(
  request: IncomingMessage,
  parsed: unknown,
  clock: Clock,
  bodies = allBodies,
): string | Promise<string> {
  return request.readableEnded ? rawBody(parsed) : receive(request, clock, bodies)
}

/** A catch-all route of another plugin has had the body parsed: the stream is consumed. */
function rawBody(parsed: unknown): string {
  const raw = typeof parsed === 'string' ? parsed : (parsed as Record<symbol, unknown> | undefined)?.[unparsedBody]
  if (typeof raw !== 'string') throw new CallbackError('malformed', 'another plugin has read the body')
  if (Buffer.byteLength(raw) > MAX_BODY_BYTES) throw new CallbackError('size')
  return raw
}

function receive(request: IncomingMessage, clock: Clock, bodies: UnverifiedBodies): Promise<string> {
  if (contentLength(request) > MAX_BODY_BYTES) throw new CallbackError('size')
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = []
    let size = 0
    let uncounted = 0
    let timer: unknown
    const count = () => {
      bodies.grow(body, uncounted)
      uncounted = 0
    }
    // Most bodies arrive together with their headers, and need neither a timer nor to be counted.
    let isDelayed = false
    const soon = setImmediate(() => {
      isDelayed = true
      timer = clock.setTimeout(() => refuse('slow'), BODY_TIMEOUT_MS)
      if (uncounted) count()
    })
    const settle = () => {
      clearImmediate(soon)
      if (timer) clock.clearTimeout(timer)
      if (body.isCounted) bodies.remove(body)
    }
    const refuse = (reason: CallbackErrorReason, detail?: string) => {
      settle()
      request.off('data', receiveChunk)
      chunks = []
      // Read what follows without keeping it.
      request.resume()
      reject(new CallbackError(reason, detail))
    }
    const body: Receiving = {
      size: 0, isCounted: false, cutOff: () => refuse('slow', 'too many bodies are being received'),
    }
    const receiveChunk = (chunk: Buffer) => {
      size += chunk.length
      uncounted += chunk.length
      if (chunks.push(chunk) > 1 || isDelayed) count()
      if (size > MAX_BODY_BYTES) refuse('size')
    }
    request.on('data', receiveChunk)
    request.on('end', () => {
      settle()
      resolve(chunks.length === 1 ? chunks[0].toString() : Buffer.concat(chunks).toString())
    })
    request.on('error', () => refuse('malformed', 'the sender closed the connection'))
  })
}
