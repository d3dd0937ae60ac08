import type { Call } from './call'
import { classifyError, errorInBody } from './classify-error'
import { EngineError } from '../error'
import type { ServerEvent, SseParser } from './sse'
import { MAX_EVENT_CHARS, createSseParser, formatEvent } from './sse'
import type { Fetch } from './transport'

/** The header that carries the id of a call through the SDK. It is removed before the request is sent. */
export const CALL_ID_HEADER = 'x-gemini-call'

/**
 * Creates the `fetch` for the SDK. It works around what the SDK does not handle:
 *
 * - The SDK reads only well-formed events with one chunk each, so events are rewritten, whatever relays send.
 * - Every failure becomes an `EngineError` in `call.error`, even one inside a stream that began with status 200. The
 *   stream ends there without an error, because the SDK would drop the text it has not passed on yet.
 * - Aborting works at any time, and the timers run only while the server is waited for, not the reader.
 *
 * @param calls by their ids, which requests carry in `CALL_ID_HEADER`
 * @param limit bytes of a response
 */
export function createSdkFetch(fetch: Fetch, calls: ReadonlyMap<string, Call>, limit = MAX_EVENT_CHARS): Fetch {
  return async (input, init = {}) => {
    const headers = new Headers(init.headers)
    const call = calls.get(headers.get(CALL_ID_HEADER) ?? '')
    if (!call) throw new EngineError('protocol', 'the request has no call id')
    headers.delete(CALL_ID_HEADER)
    try {
      const response = await fetch(input, { ...init, headers, signal: call.signal })
      if (!response.ok) throw await errorResponse(response, call)
      if (new URL(input).searchParams.get('alt') !== 'sse') return response
      return new Response(stream(rewriteEvents(response, call, limit)))
    } catch (error) {
      throw call.error = call.toError(error)
    }
  }
}

async function errorResponse(response: Response, { key }: Call) {
  const { status, headers, body } = response
  const reader = wholeBody(1 << 20)
  for await (const bytes of body ?? []) reader.push(bytes)
  const [{ data }] = reader.end()
  return classifyError(data, { status, retryAfter: headers.get('retry-after'), secret: key })
}

/** The events of a response, rewritten for the SDK. Never throws; errors go to `call.error`. */
async function* rewriteEvents(response: Response, call: Call, limit: number): AsyncGenerator<string> {
  const { deadline, backpressure } = call
  try {
    for await (const event of events(response, call, limit)) {
      for (const piece of read(event, call)) {
        yield piece
        const wait = backpressure.produced()
        if (!wait) continue
        deadline.pause()
        await wait
        deadline.resume()
      }
    }
  } catch (error) {
    call.error = call.toError(error)
  }
}

async function* events(response: Response, call: Call, limit: number): AsyncGenerator<ServerEvent> {
  const type = response.headers.get('content-type') ?? ''
  if (/html/i.test(type)) throw await errorResponse(response, call)
  const reader = /json/i.test(type) ? wholeBody() : createSseParser()
  let size = 0
  for await (const bytes of response.body ?? []) {
    call.deadline.noteActivity()
    size += bytes.length
    if (size > limit) throw new RangeError(`the response is longer than ${limit} bytes`)
    yield* reader.push(bytes)
  }
  yield* reader.end()
}

/** Reads a body as one event: an error, or the plain JSON that some relays send instead of a stream. */
function wholeBody(limit = MAX_EVENT_CHARS): SseParser {
  const chunks: Uint8Array[] = []
  let size = 0
  return {
    push(bytes) {
      chunks.push(bytes)
      size += bytes.length
      if (size > limit) throw new RangeError(`the body is longer than ${limit} bytes`)
      return []
    },
    end: () => [{ data: Buffer.concat(chunks).toString() }],
  }
}

/**
 * The chunks of one event, each as an event for the SDK.
 * @throws {EngineError} if the event is an error, or not JSON
 */
function read({ name, data }: ServerEvent, { key: secret }: Call): string[] {
  let body: unknown
  try {
    body = JSON.parse(data)
  } catch {
    if (name === 'error') throw classifyError({ error: data }, { secret })
    throw new EngineError('protocol', 'an event of the stream is not JSON')
  }
  if (errorInBody(body)) throw classifyError(body, { secret })
  if (name === 'error') throw classifyError({ error: body }, { secret })
  return Array.isArray(body) ? body.map(item => formatEvent(JSON.stringify(item))) : [formatEvent(data)]
}

/** A web stream that pulls a piece only when the last one has been read. */
function stream(pieces: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await pieces.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
  }, { highWaterMark: 0 })
}
