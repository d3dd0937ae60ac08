import { EngineError } from '../error'
import type { Call } from '../http/call'
import { decodedBody } from '../http/decode-body'
import { createBodyParser, ForeignBodyError } from '../http/read-body'
import { MAX_EVENT_CHARS } from '../http/sse'
import type { ServerEvent } from '../http/sse'
import { classifyBody } from './classify-error'
import { errorInCompletion } from './error-body'

/** How long to wait for the end of a response after `[DONE]`, so that its connection can be used again. */
const STREAM_END_GRACE_MS = 2000

/** Bytes of a whole response. */
const MAX_RESPONSE_BYTES = MAX_EVENT_CHARS

/**
 * The chunks of a response: events of a stream, objects in lines, or one object where the service does not stream.
 * @throws {EngineError} if one of them is an error or not JSON, or the body is something else, such as a page
 * @throws {RangeError} if the response is too long
 */
export async function* readChunks(response: Response, call: Call): AsyncGenerator<object> {
  const { status, headers } = response
  const hints = { status, headers, secret: call.key }
  const parser = createBodyParser()
  let size = 0
  try {
    for await (const bytes of decodedBody(response)) {
      call.deadline.noteActivity()
      size += bytes.length
      if (size > MAX_RESPONSE_BYTES) throw new RangeError(`the response is longer than ${MAX_RESPONSE_BYTES} bytes`)
      for (const event of parser.push(bytes)) yield* readEvent(event, call.key)
      if (parser.isOver) call.deadline.awaitEnd(STREAM_END_GRACE_MS)
    }
    for (const event of parser.end()) yield* readEvent(event, call.key)
  } catch (error) {
    // After `[DONE]` there is nothing to wait for, and nothing to lose.
    if (parser.isOver && !(error instanceof EngineError && error.kind === 'aborted')) return
    throw error instanceof ForeignBodyError ? classifyBody(error.text, hints) : error
  }
}

function* readEvent({ name, data }: ServerEvent, secret: string): Generator<object> {
  let body: unknown
  try {
    body = JSON.parse(data)
  } catch {
    if (name === 'error') throw classifyBody(data, { secret })
    throw new EngineError('protocol', 'an event of the stream is not JSON')
  }
  if (name === 'error' || errorInCompletion(body)) throw classifyBody(body, { secret })
  if (!body || typeof body !== 'object') throw new EngineError('protocol', 'an event of the stream is no object')
  if ('candidates' in body) {
    throw new EngineError('protocol', 'the address answers in the format of Gemini, not of OpenAI: check the base URL')
  }
  yield* Array.isArray(body) ? body as object[] : [body]
}
