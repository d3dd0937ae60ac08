import type { Framing } from './framing'
import type { Chunk, ErrorBody, Part, Usage } from './wire'
import { chunk, errorBody, countTokens } from './wire'

/** A pause between two events: milliseconds, or a promise to wait for. */
export type Pause = number | PromiseLike<unknown>

/**
 * The response to one request. Scenarios are plain data and combine by spreading:
 * `{ ...text('a', 'b'), gap: 20, framing: { split: 1 } }`.
 */
export interface Scenario {
  /** HTTP status, 200 by default. */
  status?: number
  headers?: Record<string, string>
  /** Pause before the status line. */
  delay?: Pause
  /** Milliseconds between two events. */
  gap?: number
  /** The events of the response, with pauses between them. */
  events?: (Chunk | ErrorBody | Pause)[]
  /** A complete body instead of events: a string is sent as is, anything else as JSON. */
  body?: unknown
  /** A complete body as bytes. */
  bytes?: Uint8Array
  framing?: Framing
  /** After the last event: `close` the response (default), `hang`, or `drop` the connection with a TCP reset. */
  end?: 'close' | 'hang' | 'drop'
}

/** One step of an answer: a text, a part, several parts in one chunk, or a pause. */
export type Step = string | Part | (string | Part)[] | Pause

function isPause(step: Step): step is Pause {
  return typeof step === 'number' || (typeof step === 'object' && 'then' in step)
}

function toParts(step: Exclude<Step, Pause>): Part[] {
  return (Array.isArray(step) ? step : [step]).map(part => typeof part === 'string' ? { text: part } : part)
}

function usage(parts: Part[]): Usage {
  const count = (thought: boolean) => countTokens(parts.filter(part => !!part.thought === thought).map(part => part.text).join(''))
  const [answer, thoughts] = [count(false), count(true)]
  return {
    promptTokenCount: 8,
    candidatesTokenCount: answer,
    ...thoughts ? { thoughtsTokenCount: thoughts } : {},
    totalTokenCount: 8 + answer + thoughts,
  }
}

/** An answer with one chunk per step. Each chunk has token counts, the last one has the finish reason. */
export function answer(steps: Step[], finishReason = 'STOP', rest: object = {}): Scenario {
  const last = steps.findLastIndex(step => !isPause(step))
  const sent: Part[] = []
  return {
    events: steps.map((step, index) => {
      if (isPause(step)) return step
      const parts = toParts(step)
      sent.push(...parts)
      return { ...chunk(parts, index === last ? { finishReason, ...rest } : {}), usageMetadata: usage(sent) }
    }),
  }
}

/** A text answer. */
export const text = (...steps: Step[]) => answer(steps)

/** The answer of a thinking model: a thought summary, then the text. */
export const thinking = (thought: string, ...steps: Step[]) => answer([{ text: thought, thought: true }, ...steps])

/** An answer whose last part is empty and has a thought signature, as Gemini 3 ends its streams. */
export function signed(signature: string, ...steps: Step[]) {
  return answer([...steps, { text: '', thoughtSignature: signature }])
}

/** An answer based on Google search, with sources and queries in the last chunk. */
export function grounded(sources: { title: string, uri: string }[], queries: string[], ...steps: Step[]) {
  return answer(steps, 'STOP', {
    groundingMetadata: {
      webSearchQueries: queries,
      searchEntryPoint: { renderedContent: '<div>Google</div>' },
      groundingChunks: sources.map(web => ({ web })),
      groundingSupports: [],
    },
  })
}

/** An empty answer that ends with STOP. */
export const empty = () => answer([{ text: '' }])

/** An answer truncated by the output limit; without steps, thinking has used up all tokens. */
export const maxTokens = (...steps: Step[]) => answer(steps.length ? steps : [[]], 'MAX_TOKENS')

/** Some text, then the end by a safety filter. */
export function safety(...steps: Step[]): Scenario {
  const stop: Chunk = { candidates: [{ finishReason: 'SAFETY', index: 0 }], usageMetadata: { promptTokenCount: 8, totalTokenCount: 8 } }
  const { events = [] } = answer(steps, '')
  return { events: [...events.map(strip), stop] }
}

function strip(event: Chunk | ErrorBody | Pause) {
  if (typeof event === 'object' && 'candidates' in event) delete event.candidates?.[0].finishReason
  return event
}

/** A blocked prompt: no candidates. */
export const blocked = (blockReason = 'PROHIBITED_CONTENT'): Scenario => ({
  events: [{ promptFeedback: { blockReason }, usageMetadata: { promptTokenCount: 8, totalTokenCount: 8 } }],
})

/** One event with this many bytes of text. */
export const huge = (bytes: number) => answer(['x'.repeat(bytes)])

/** No response at all, not even a status line. */
export const silent = (): Scenario => ({ delay: Infinity })

/** The start of an answer, after which the connection stays open and silent. */
export const stalled = (...steps: Step[]): Scenario => ({ ...unfinished(steps), end: 'hang' })

/** The start of an answer, then a connection reset. */
export const dropped = (...steps: Step[]): Scenario => ({ ...unfinished(steps), end: 'drop' })

/** The start of an answer, then an error event inside the response with status 200. */
export function overloadedMidway(...steps: Step[]): Scenario {
  const { events = [] } = unfinished(steps)
  return { events: [...events, errorBody(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.')] }
}

function unfinished(steps: Step[]): Scenario {
  return { events: answer(steps).events?.map(strip) }
}

/** The default answer: repeats the question, in several chunks. */
export function echo(question: string): Scenario {
  const letters = Array.from(question)
  const size = Math.max(1, Math.ceil(letters.length / 3))
  const words = Array.from({ length: Math.ceil(letters.length / size) }, (_, index) => {
    return letters.slice(index * size, (index + 1) * size).join('')
  })
  return answer(['你问的是：', ...words, '。'])
}
