import type { Call } from '../http/call'
import { classifyError, errorInBody } from './classify-error'
import { EngineError } from '../error'
import { decodedBody } from '../http/decode-body'
import { createBodyParser, ForeignBodyError } from '../http/read-body'
import type { ServerEvent } from '../http/sse'
import { MAX_EVENT_CHARS, formatEvent } from '../http/sse'
import type { Fetch } from '../http/transport'

/** The header that carries the id of a call through the SDK. It is removed before the request is sent. */
export const CALL_ID_HEADER = 'x-gemini-call'

const MAX_ERROR_BYTES = 1 << 20

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
 * @param isRelay whether the address is not Google's
 */
export function createSdkFetch(
  fetch: Fetch, calls: ReadonlyMap<string, Call>, limit = MAX_EVENT_CHARS, isRelay = false,
): Fetch {
  return async (input, init = {}) => {
    const headers = new Headers(init.headers)
    const call = calls.get(headers.get(CALL_ID_HEADER) ?? '')
    if (!call) throw new EngineError('protocol', 'the request has no call id')
    headers.delete(CALL_ID_HEADER)
    // Compression would hold an answer back while it is written.
    headers.set('accept-encoding', 'identity')
    try {
      const response = await fetch(input, { ...init, headers, signal: call.signal })
      if (!response.ok) throw await errorResponse(response, call, isRelay)
      if (new URL(input).searchParams.get('alt') === 'sse') return new Response(stream(rewriteEvents(response, call, limit)))
      return new Response(stream(limited(response, limit)), { headers: { 'content-type': 'application/json' } })
    } catch (error) {
      throw call.error = call.toError(error)
    }
  }
}

async function errorResponse(response: Response, { key }: Call, isRelay: boolean) {
  const { status, headers } = response
  const chunks: Uint8Array[] = []
  for await (const bytes of limited(response, MAX_ERROR_BYTES)) chunks.push(bytes)
  const text = Buffer.concat(chunks).toString()
  return classifyError(errorText(text), { status, retryAfter: headers.get('retry-after'), secret: key, isRelay })
}

/** The error in a body that may be an event stream: some relays answer with one event and an error status. */
function errorText(text: string): string {
  if (!/^\s*(event|data):/.test(text)) return text
  const parser = createBodyParser()
  return [...parser.push(Buffer.from(text)), ...parser.end()][0]?.data ?? text
}

async function* limited(response: Response, limit: number) {
  let size = 0
  for await (const bytes of decodedBody(response)) {
    size += bytes.length
    if (size > limit) throw new RangeError(`the body is longer than ${limit} bytes`)
    yield bytes
  }
}

/** The events of a response, rewritten for the SDK. Never throws; errors go to `call.error`. */
async function* rewriteEvents(response: Response, call: Call, limit: number): AsyncGenerator<Uint8Array> {
  const { deadline, backpressure } = call
  try {
    for await (const event of events(response, call, limit)) {
      for (const piece of read(event, call)) {
        yield Buffer.from(piece)
        const wait = backpressure.produced()
        if (!wait) continue
        deadline.pause()
        await wait
        deadline.resume()
      }
    }
  } catch (error) {
    call.error = error instanceof ForeignBodyError
      ? classifyError(error.text, { status: response.status, secret: call.key })
      : call.toError(error)
  }
}

async function* events(response: Response, call: Call, limit: number): AsyncGenerator<ServerEvent> {
  const reader = createBodyParser()
  let size = 0
  for await (const bytes of decodedBody(response)) {
    call.deadline.noteActivity()
    size += bytes.length
    if (size > limit) throw new RangeError(`the response is longer than ${limit} bytes`)
    yield* reader.push(bytes)
  }
  yield* reader.end()
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
  if (body !== null && typeof body === 'object' && 'choices' in body) {
    throw new EngineError('protocol', 'the address answers in the format of OpenAI, not of Gemini: check the base URL')
  }
  return Array.isArray(body) ? body.map(item => formatEvent(JSON.stringify(item))) : [formatEvent(data)]
}

/** A web stream that pulls a piece only when the last one has been read. */
function stream(pieces: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await pieces.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await pieces.return(undefined)
    },
  }, { highWaterMark: 0 })
}
