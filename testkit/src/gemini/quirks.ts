/**
 * Answers and errors in the forms in which relays and models send them besides the documented one.
 */

import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { apiError } from './error'
import { encodeEvents } from './framing'
import { answer } from './scenario'
import type { Pause, Scenario, Step } from './scenario'
import type { Chunk, ErrorBody, Part } from './wire'
import { chunk, errorBody } from './wire'

const EVENT_STREAM = { 'content-type': 'text/event-stream' }

/** Chunks that each bear a finish reason, as some relays send them, with pauses between them. */
export function endedEach(finishReason: unknown, ...steps: (string | Pause)[]): Scenario {
  return { events: steps.map(step => typeof step === 'string' ? chunk([{ text: step }], { finishReason }) : step) }
}

/** An answer that ends with this finish reason, or number of one. */
export const endedBy = (finishReason: unknown, ...steps: Step[]) => answer(steps, finishReason as string)

/** An answer without any finish reason. */
export function unended(...steps: Step[]): Scenario {
  const { events = [] } = answer(steps)
  for (const event of events) {
    if (typeof event === 'object' && 'candidates' in event) delete event.candidates?.[0].finishReason
  }
  return { events }
}

/** An answer without token counts. */
export function uncounted(...steps: Step[]): Scenario {
  const { events = [] } = answer(steps)
  for (const event of events) if (typeof event === 'object' && 'candidates' in event) delete event.usageMetadata
  return { events }
}

/** The forms of a body that is no event stream. */
export type BodyForm = 'object' | 'array' | 'lines' | 'pretty' | 'concatenated'

/** The chunks of a scenario as JSON instead of an event stream. @param type media type of the response */
export function asJson({ events = [] }: Scenario, form: BodyForm, type = 'text/event-stream'): Scenario {
  const chunks = events.filter(event => typeof event === 'object' && !('then' in event))
  const bodies: Record<BodyForm, () => string> = {
    object: () => JSON.stringify(chunks.at(-1)),
    array: () => JSON.stringify(chunks),
    lines: () => chunks.map(item => JSON.stringify(item)).join('\n'),
    pretty: () => JSON.stringify(chunks, null, 2),
    concatenated: () => chunks.map(item => JSON.stringify(item)).join(''),
  }
  return { headers: { 'content-type': type }, body: bodies[form]() }
}

/** The events of a scenario, then an error as bare JSON, which is no event. */
export function bareErrorAfter({ events = [] }: Scenario, error: ErrorBody): Scenario {
  const chunks = events.filter(event => typeof event === 'object' && !('then' in event)) as Chunk[]
  return { headers: EVENT_STREAM, body: `${encodeEvents(chunks).join('')}${JSON.stringify(error, null, 2)}\n` }
}

/** A page in place of an answer. */
export const page = (title: string, status = 200, type = 'text/html'): Scenario => ({
  status, headers: { 'content-type': type }, body: `<!DOCTYPE html><html><head><title>${title}</title></head><body></body></html>`,
})

const encoders = { gzip: gzipSync, deflate: deflateSync, 'deflate-raw': deflateRawSync, br: brotliCompressSync }

/**
 * A scenario whose body is compressed although the request asks for none.
 * @param encoding value of the header; an empty one leaves the header out
 */
export function compressed(
  { events = [], body, ...rest }: Scenario, form: keyof typeof encoders, encoding = form.replace('-raw', ''),
): Scenario {
  const chunks = events.filter(event => typeof event === 'object' && !('then' in event)) as Chunk[]
  const text = body === undefined ? encodeEvents(chunks).join('') : typeof body === 'string' ? body : JSON.stringify(body)
  const headers = { ...EVENT_STREAM, ...rest.headers, ...encoding && { 'content-encoding': encoding } }
  return { ...rest, headers, bytes: encoders[form](text) }
}

/** 429 of a model that the free tier does not have. Its RetryInfo promises what never comes. */
export const zeroQuota = (model = 'gemini-3.1-pro') => apiError(errorBody(429, 'RESOURCE_EXHAUSTED',
  `You exceeded your current quota, please check your plan and billing details.
* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 0, model: ${model}
Please retry in 36.97s.`,
  { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '36s' }))

/** 429 of an account whose prepaid money is used up. */
export const depleted = () => apiError(errorBody(429, 'RESOURCE_EXHAUSTED',
  'Your prepayment credits are depleted. Please go to AI Studio to manage your project and billing.'))

/** 403 of a relay whose user has no balance left. */
export const insufficientUserQuota = (): Scenario => ({
  status: 403,
  body: { error: { message: '用户额度不足, 剩余额度: ＄0.00', type: 'new_api_error', code: 'insufficient_user_quota' } },
})

/** 400 of a model that lacks a feature, in Google's words. */
export const lacking = (what: string, model = 'gemma-3-27b-it') => apiError(errorBody(400, 'INVALID_ARGUMENT',
  `${what} is not enabled for models/${model}`))

/** 400 of a request with more tokens than the model takes. */
export const tooLong = (tokens: number, limit: number) => apiError(errorBody(400, 'INVALID_ARGUMENT',
  `The input token count (${tokens}) exceeds the maximum number of tokens allowed (${limit}).`))

/** A picture of this many bytes. */
export function picture(bytes = 8, mimeType = 'image/png'): Part {
  return { inlineData: { mimeType, data: Buffer.alloc(bytes, 1).toString('base64') } }
}
