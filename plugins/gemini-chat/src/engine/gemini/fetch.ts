import type { Call } from './call'
import { classifyError, errorInBody } from './classify-error'
import { EngineError } from '../error'
import type { ServerEvent, SseParser } from './sse'
import { MAX_EVENT_CHARS, createSseParser, formatEvent } from './sse'
import type { Fetch } from './transport'

/** The header by which a call is found. It is taken off before anything is sent. */
export const CALL_ID_HEADER = 'x-gemini-call'

/**
 * The fetch the SDK is given. What the SDK would choke on, lose or swallow is mended before it sees it:
 *
 * - it only ever reads well-formed events, one chunk each, whatever relays made of them;
 * - every failure is a `EngineError`, also one inside a stream that began with 200. It is left in `call.error`, and the
 *   stream just ends there: an error would throw away the text the SDK has not handed on yet;
 * - aborting works at any time, and the timers of the call run while the server, not the reader, is waited for.
 *
 * @param calls by their ids, which come in the header `CALL`
 * @param limit how many bytes of an answer are taken
 */
export function createSdkFetch(fetch: Fetch, calls: ReadonlyMap<string, Call>, limit = MAX_EVENT_CHARS): Fetch {
  return async (input, init = {}) => {
    const headers = new Headers(init.headers)
    const call = calls.get(headers.get(CALL_ID_HEADER) ?? '')
    if (!call) throw new EngineError('protocol', 'the request belongs to no call')
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

/** The events of a response, each written anew. Never throws. */
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
    if (size > limit) throw new RangeError(`the answer is longer than ${limit} bytes`)
    yield* reader.push(bytes)
  }
  yield* reader.end()
}

/** A body as one event: an error, or what relays send that answer a stream request with plain JSON. */
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
 * The chunks of one event, as frames the SDK understands.
 * @throws {EngineError} when the event is an error, or no JSON
 */
function read({ name, data }: ServerEvent, { key: secret }: Call): string[] {
  let body: unknown
  try {
    body = JSON.parse(data)
  } catch {
    if (name === 'error') throw classifyError({ error: data }, { secret })
    throw new EngineError('protocol', 'the stream holds something that is not JSON')
  }
  if (errorInBody(body)) throw classifyError(body, { secret })
  if (name === 'error') throw classifyError({ error: body }, { secret })
  return Array.isArray(body) ? body.map(item => formatEvent(JSON.stringify(item))) : [formatEvent(data)]
}

/** A web stream that asks for the next piece only when the last one was taken. */
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
