/**
 * The wire format of the Gemini API.
 * @see https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
 */

/** One part of an answer. */
export interface Part {
  text?: string
  thought?: boolean
  thoughtSignature?: string
  inlineData?: { mimeType: string, data: string }
  functionCall?: { id?: string, name: string, args?: object }
}

/** One event of a stream, or the whole answer of a unary call. */
export interface Chunk {
  candidates?: {
    content?: { role: 'model', parts: Part[] }
    finishReason?: string
    index?: number
    groundingMetadata?: object
    safetyRatings?: object[]
  }[]
  promptFeedback?: { blockReason: string, safetyRatings?: object[] }
  usageMetadata?: Usage
  modelVersion?: string
  responseId?: string
}

/** Token counts, cumulative within an answer. */
export interface Usage {
  promptTokenCount: number
  candidatesTokenCount?: number
  thoughtsTokenCount?: number
  totalTokenCount: number
}

/** @see https://cloud.google.com/apis/design/errors#error_model */
export interface ErrorBody {
  error: { code: number, message: string, status: string, details?: object[] }
}

/** A chunk with these parts and further fields of the candidate. */
export function chunk(parts: Part[], rest: object = {}): Chunk {
  return { candidates: [{ content: { role: 'model', parts }, ...rest, index: 0 }] }
}

/** An error body. */
export function errorBody(code: number, status: string, message: string, ...details: object[]): ErrorBody {
  return { error: { code, message, status, ...details.length ? { details } : {} } }
}

/** Estimates tokens as four bytes each. */
export function countTokens(text: string) {
  return Math.ceil(Buffer.byteLength(text) / 4)
}

/** Joins the chunks of a stream into the answer of a unary call. */
export function joinChunks(chunks: Chunk[]): Chunk {
  const candidates = chunks.flatMap(({ candidates }) => candidates ?? [])
  if (!candidates.length) return Object.assign({}, ...chunks)
  const parts = candidates.flatMap(({ content }) => content?.parts ?? [])
  return {
    ...Object.assign({}, ...chunks),
    candidates: [{ ...Object.assign({}, ...candidates), ...parts.length ? { content: { role: 'model', parts } } : {} }],
  }
}
