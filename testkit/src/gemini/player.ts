import type { ServerResponse } from 'node:http'
import { sleep } from '../clock'
import { frame, split } from './framing'
import type { Pause, Scenario } from './scenario'
import type { Chunk, Failure } from './wire'
import { join } from './wire'

/** How an answer is written: server-sent events, the same chunks as one JSON array, or one object. */
export type Form = 'sse' | 'array' | 'unary'

/** What the player needs to know of the connection. */
export interface Stage {
  response: ServerResponse
  form: Form
  /** Aborts when the client is gone. */
  gone: AbortSignal
  /** Resets the connection. */
  reset(): void
}

function isPause(event: Chunk | Failure | Pause): event is Pause {
  return typeof event === 'number' || 'then' in event
}

/** Waits, but not longer than the client does. `setTimeout` would fire at once for Infinity. */
async function wait(pause: Pause, gone: AbortSignal, left: Promise<void>) {
  const over = typeof pause !== 'number' ? pause : pause === Infinity ? left : sleep(pause, gone)
  await Promise.race([over, left])
}

function write(response: ServerResponse, bytes: Uint8Array) {
  return new Promise<void>(resolve => response.write(bytes, () => resolve()))
}

function plan(scenario: Scenario, form: Form): { scenario: Scenario, body?: string } {
  if ('body' in scenario) {
    return { scenario, body: typeof scenario.body === 'string' ? scenario.body : JSON.stringify(scenario.body, null, 2) }
  }
  if (form !== 'unary') return { scenario }
  const events = (scenario.events ?? []).filter(event => !isPause(event)) as (Chunk | Failure)[]
  const error = events.find((event): event is Failure => 'error' in event)
  if (error) return { scenario: { ...scenario, status: error.error.code }, body: JSON.stringify(error, null, 2) }
  return { scenario, body: JSON.stringify(join(events as Chunk[]), null, 2) }
}

/** Acts a scenario out. Resolves when nothing more will be written. */
export async function play(given: Scenario, { response, form, gone, reset }: Stage) {
  const { scenario, body } = plan(given, form)
  const { status = 200, headers, delay, gap = 0, events = [], framing, end = 'close' } = scenario
  const left = new Promise<void>(resolve => gone.addEventListener('abort', () => resolve(), { once: true }))
  if (delay) await wait(delay, gone, left)
  if (gone.aborted) return
  const type = body === undefined && form === 'sse' ? 'text/event-stream' : 'application/json; charset=UTF-8'
  response.writeHead(status, { 'content-type': type, ...headers })
  response.flushHeaders()
  if (body !== undefined) {
    if (end === 'close') return void response.end(body)
    await write(response, Buffer.from(body))
  } else {
    const objects = events.filter(event => !isPause(event)) as (Chunk | Failure)[]
    const frames = form === 'sse'
      ? frame(objects, framing)
      : objects.map((event, index) => (index ? ',\r\n' : '[') + JSON.stringify(event))
    let written = 0
    for (const event of events) {
      if (gone.aborted) return
      if (isPause(event)) {
        await wait(event, gone, left)
        continue
      }
      if (written && gap) await wait(gap, gone, left)
      for (const bytes of split(frames[written++], framing?.split)) await write(response, bytes)
    }
    if (gone.aborted) return
    if (end === 'close') {
      const tail = form === 'sse' ? frames.slice(written).join('') : objects.length ? ']' : '[]'
      return void response.end(tail)
    }
  }
  if (end === 'hang') await left
  else reset()
}
