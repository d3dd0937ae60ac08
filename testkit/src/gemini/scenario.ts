import type { Framing } from './framing'
import type { Chunk, ErrorBody, Part, Usage } from './wire'
import { chunk, errorBody, countTokens } from './wire'

/** A wait between two events: milliseconds, or until a promise settles. */
export type Pause = number | PromiseLike<unknown>

/**
 * What the stand-in does with one request. Plain data, so scenarios are combined by spreading:
 * `{ ...text('a', 'b'), gap: 20, framing: { split: 1 } }`.
 */
export interface Scenario {
  /** HTTP status; 200 unless told. */
  status?: number
  headers?: Record<string, string>
  /** Wait before the status line. */
  delay?: Pause
  /** Wait between the events, in milliseconds. */
  gap?: number
  /** The answer, event by event. Pauses may stand between them. */
  events?: (Chunk | ErrorBody | Pause)[]
  /** A whole body instead of events. A string goes out as it is, anything else as JSON. */
  body?: unknown
  framing?: Framing
  /** After the last event: `close` (the default), `hang` open, or `drop` the connection with a TCP reset. */
  end?: 'close' | 'hang' | 'drop'
}

/** One step of an answer: a text, a part, several parts in one chunk, or a pause. */
export type Step = string | Part | (string | Part)[] | Pause

function isPause(piece: Step): piece is Pause {
  return typeof piece === 'number' || (typeof piece === 'object' && 'then' in piece)
}

function toParts(piece: Exclude<Step, Pause>): Part[] {
  return (Array.isArray(piece) ? piece : [piece]).map(part => typeof part === 'string' ? { text: part } : part)
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

/** An answer in chunks: one per piece, the last one with the finish reason, token counts on each. */
export function answer(pieces: Step[], finishReason = 'STOP', rest: object = {}): Scenario {
  const last = pieces.findLastIndex(piece => !isPause(piece))
  const said: Part[] = []
  return {
    events: pieces.map((piece, index) => {
      if (isPause(piece)) return piece
      const parts = toParts(piece)
      said.push(...parts)
      return { ...chunk(parts, index === last ? { finishReason, ...rest } : {}), usageMetadata: usage(said) }
    }),
  }
}

/** A plain answer. */
export const text = (...pieces: Step[]) => answer(pieces)

/** The answer of a thinking model: a thought summary, then the text. */
export const thinking = (thought: string, ...pieces: Step[]) => answer([{ text: thought, thought: true }, ...pieces])

/** An answer whose last part is empty but for a thought signature, as Gemini 3 ends its streams. */
export function signed(signature: string, ...pieces: Step[]) {
  return answer([...pieces, { text: '', thoughtSignature: signature }])
}

/** An answer found by Google search: sources and queries come with the last chunk. */
export function grounded(sources: { title: string, uri: string }[], queries: string[], ...pieces: Step[]) {
  return answer(pieces, 'STOP', {
    groundingMetadata: {
      webSearchQueries: queries,
      searchEntryPoint: { renderedContent: '<div>Google</div>' },
      groundingChunks: sources.map(web => ({ web })),
      groundingSupports: [],
    },
  })
}

/** STOP without a word. */
export const empty = () => answer([{ text: '' }])

/** Cut off by the output limit; without pieces, thinking has eaten it all. */
export const maxTokens = (...pieces: Step[]) => answer(pieces.length ? pieces : [[]], 'MAX_TOKENS')

/** Some text, then an output filter steps in. */
export function safety(...pieces: Step[]): Scenario {
  const stop: Chunk = { candidates: [{ finishReason: 'SAFETY', index: 0 }], usageMetadata: { promptTokenCount: 8, totalTokenCount: 8 } }
  const { events = [] } = answer(pieces, '')
  return { events: [...events.map(strip), stop] }
}

function strip(event: Chunk | ErrorBody | Pause) {
  if (typeof event === 'object' && 'candidates' in event) delete event.candidates?.[0].finishReason
  return event
}

/** The prompt itself is refused: no candidates. */
export const blocked = (blockReason = 'PROHIBITED_CONTENT'): Scenario => ({
  events: [{ promptFeedback: { blockReason }, usageMetadata: { promptTokenCount: 8, totalTokenCount: 8 } }],
})

/** One event with this many bytes of text. */
export const huge = (bytes: number) => answer(['x'.repeat(bytes)])

/** Never answers, not even with a status line. */
export const silent = (): Scenario => ({ delay: Infinity })

/** Starts to answer, then says nothing more. */
export const stalled = (...pieces: Step[]): Scenario => ({ ...unfinished(pieces), end: 'hang' })

/** Starts to answer, then resets the connection. */
export const dropped = (...pieces: Step[]): Scenario => ({ ...unfinished(pieces), end: 'drop' })

/** Starts to answer, then overloads inside the 200 response. */
export function overloadedMidway(...pieces: Step[]): Scenario {
  const { events = [] } = unfinished(pieces)
  return { events: [...events, errorBody(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.')] }
}

function unfinished(pieces: Step[]): Scenario {
  return { events: answer(pieces).events?.map(strip) }
}

/** What the stand-in says by default: it names the question, in several chunks. */
export function echo(question: string): Scenario {
  const letters = Array.from(question)
  const size = Math.max(1, Math.ceil(letters.length / 3))
  const words = Array.from({ length: Math.ceil(letters.length / size) }, (_, index) => {
    return letters.slice(index * size, (index + 1) * size).join('')
  })
  return answer(['你问的是：', ...words, '。'])
}
