import type { ServerResponse } from 'node:http'
import { sleep } from '../clock'
import { encodeEvents, splitBytes } from './framing'
import type { Pause, Scenario } from './scenario'
import type { Chunk, ErrorBody } from './wire'
import { joinChunks } from './wire'

/** The format of a response: server-sent events, the same chunks as a JSON array, or one object. */
export type ResponseFormat = 'sse' | 'array' | 'unary'

/** The response that a scenario is played to. */
export interface PlayerTarget {
  response: ServerResponse
  format: ResponseFormat
  /** Aborts when the client disconnects. */
  disconnected: AbortSignal
  /** Resets the connection. */
  reset(): void
}

function isPause(event: Chunk | ErrorBody | Pause): event is Pause {
  return typeof event === 'number' || 'then' in event
}

/** Waits for the pause or the end of the connection. `setTimeout` would fire at once for Infinity. */
async function wait(pause: Pause, disconnected: AbortSignal, closed: Promise<void>) {
  const over = typeof pause !== 'number' ? pause : pause === Infinity ? closed : sleep(pause, disconnected)
  await Promise.race([over, closed])
}

function write(response: ServerResponse, bytes: Uint8Array) {
  return new Promise<void>(resolve => response.write(bytes, () => resolve()))
}

function prepareBody(scenario: Scenario, format: ResponseFormat): { scenario: Scenario, body?: string | Uint8Array } {
  if (scenario.bytes) return { scenario, body: scenario.bytes }
  if ('body' in scenario) {
    return { scenario, body: typeof scenario.body === 'string' ? scenario.body : JSON.stringify(scenario.body, null, 2) }
  }
  if (format !== 'unary') return { scenario }
  const events = (scenario.events ?? []).filter(event => !isPause(event)) as (Chunk | ErrorBody)[]
  const error = events.find((event): event is ErrorBody => 'error' in event)
  if (error) return { scenario: { ...scenario, status: error.error.code }, body: JSON.stringify(error, null, 2) }
  return { scenario, body: JSON.stringify(joinChunks(events as Chunk[]), null, 2) }
}

/** Writes a scenario to the response. Resolves when nothing more will be written. */
export async function playScenario(given: Scenario, target: PlayerTarget) {
  const { response, format, disconnected, reset } = target
  const { scenario, body } = prepareBody(given, format)
  const { status = 200, headers, delay, gap = 0, events = [], framing, end = 'close' } = scenario
  const closed = new Promise<void>(resolve => disconnected.addEventListener('abort', () => resolve(), { once: true }))
  if (delay) await wait(delay, disconnected, closed)
  if (disconnected.aborted) return
  const type = body === undefined && format === 'sse' ? 'text/event-stream' : 'application/json; charset=UTF-8'
  response.writeHead(status, { 'content-type': type, ...headers })
  response.flushHeaders()
  if (body !== undefined) {
    if (end === 'close') return void response.end(body)
    await write(response, typeof body === 'string' ? Buffer.from(body) : body)
  } else {
    const objects = events.filter(event => !isPause(event)) as (Chunk | ErrorBody)[]
    const frames = format === 'sse'
      ? encodeEvents(objects, framing)
      : objects.map((event, index) => (index ? ',\r\n' : '[') + JSON.stringify(event))
    let written = 0
    for (const event of events) {
      if (disconnected.aborted) return
      if (isPause(event)) {
        await wait(event, disconnected, closed)
        continue
      }
      if (written && gap) await wait(gap, disconnected, closed)
      for (const bytes of splitBytes(frames[written++], framing?.split)) await write(response, bytes)
    }
    if (disconnected.aborted) return
    if (end === 'close') {
      const tail = format === 'sse' ? frames.slice(written).join('') : objects.length ? ']' : '[]'
      return void response.end(tail)
    }
  }
  if (end === 'hang') await closed
  else reset()
}
