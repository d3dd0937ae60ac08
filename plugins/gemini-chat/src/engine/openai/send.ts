import { EngineError } from '../error'
import type { Call } from '../http/call'
import { decodedBody } from '../http/decode-body'
import { createBodyParser } from '../http/read-body'
import type { Fetch } from '../http/transport'
import type { JsonObject } from '../types'
import { classifyBody } from './classify-error'

const MAX_ERROR_BYTES = 1 << 20

/**
 * Sends a request.
 * @param body without one, the request is a GET
 * @throws {EngineError} if the response has an error status
 */
export async function send(fetch: Fetch, url: string, call: Call, body?: JsonObject): Promise<Response> {
  const headers: Record<string, string> = {
    // Compression would hold an answer back while it is written.
    'accept-encoding': 'identity',
    accept: body ? 'text/event-stream, application/json' : 'application/json',
    ...body && { 'content-type': 'application/json' },
    ...call.key && { authorization: `Bearer ${call.key}` },
  }
  const init = body ? { method: 'POST', body: JSON.stringify(body) } : {}
  const response = await fetch(url, { ...init, headers, signal: call.signal })
  if (response.ok) return response
  const { status } = response
  if (status >= 300 && status < 400) {
    await response.body?.cancel()
    throw new EngineError('protocol', 'the address redirects to another one: check the base URL', { status })
  }
  throw classifyBody(errorText(await readText(response, call)), {
    status, headers: response.headers, secret: call.key,
  })
}

/** The beginning of a body, as text. The rest is not read. */
async function readText(response: Response, call: Call): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const bytes of decodedBody(response)) {
    call.deadline.noteActivity()
    chunks.push(bytes)
    size += bytes.length
    if (size > MAX_ERROR_BYTES) break
  }
  return Buffer.concat(chunks).toString()
}

/** The error in a body that may be an event stream: some gateways answer with one event and an error status. */
function errorText(text: string): string {
  if (!/^\s*(event|data):/.test(text)) return text
  const parser = createBodyParser()
  return [...parser.push(Buffer.from(text)), ...parser.end()][0]?.data ?? text
}
