/**
 * The contract between the plugin and a language model. Everything outside `engine/` uses these types only, so another
 * engine is one folder beside `gemini/` and one line in the plugin's entry file.
 */

/**
 * One piece of a message. A part of `text` alone is plain text. The history stores parts as JSON, exactly as the engine
 * reported them.
 */
export interface Part {
  text?: string
  /** Marks `text` as a summary of the model's thoughts, which is not part of the answer. */
  thought?: boolean
  /** A file: its media type, and its bytes in base64. */
  inlineData?: { mimeType: string, data: string }
  /** Whatever else the engine needs to see again, such as tool calls. Only the engine that wrote it reads it. */
  [field: string]: unknown
}

/** One message of a conversation. */
export interface Content {
  role: 'user' | 'model'
  parts: Part[]
}

/** Token counts as the model reports them, cumulative within one answer. What a model does not report is missing. */
export interface TokenUsage {
  /** The whole request: system instruction, history, question and files. */
  inputTokens?: number
  /** The part of `inputTokens` that pictures, documents and other files take. */
  fileTokens?: number
  /** Results of tools that were fed back to the model, not included in `inputTokens`. */
  toolTokens?: number
  /** The visible answer. */
  outputTokens?: number
  /** Thoughts, not included in `outputTokens`. */
  thinkingTokens?: number
  /** The part of `inputTokens` that came from a cache. */
  cachedTokens?: number
  totalTokens?: number
}

/** A tool that runs on the engine's side: web search, opening addresses, running programs. */
export type EngineTool = 'search' | 'url-context' | 'code-execution'

export interface Thinking {
  /** How hard to think. Missing: the model's default. A level the model does not have becomes the nearest it has. */
  level?: 'minimal' | 'low' | 'medium' | 'high'
  /** Ask for summaries of the thoughts, reported as `thought` events. */
  summaries?: boolean
}

/** What some models do not take: system instructions, tools, files, or settings for thinking. */
export type ModelFeature = 'system' | 'tools' | 'files' | 'thinking'

export interface EngineRequest {
  /** Model id, with or without a `models/` prefix. */
  model: string
  /** The conversation, oldest message first; the last one is the question. */
  contents: Content[]
  /** System instruction. */
  system?: string
  /** Tools the model may use. One the engine does not have is ignored. */
  tools?: EngineTool[]
  /** Limit of the answer in tokens, thoughts included. Missing: the model's own limit. */
  maxOutputTokens?: number
  thinking?: Thinking
  /** Leave out of the history what only the model and key that wrote it accept. Set after a `signatures` error. */
  portable?: boolean
  /** What the model does not take: a system instruction becomes the first turn, the rest is left out. */
  without?: readonly ModelFeature[]
  /** Fields of the engine's own request body, merged into it as they are. Each engine documents its own. */
  native?: Record<string, unknown>
}

export interface EngineOptions {
  /** Aborting ends the request and closes its socket; the iteration then throws an `EngineError` of kind `aborted`. */
  signal: AbortSignal
  /** API key of this request. */
  key: string
}

export interface ModelInfo {
  /** Without a `models/` prefix. */
  name: string
  /** Tokens a request may have. */
  inputTokenLimit?: number
  /** Tokens an answer may have. */
  outputTokenLimit?: number
  /** Whether the model takes text and answers with text; false for embeddings, speech, image generation and so on. */
  isChatModel: boolean
}

/** A page an answer cites, or a search the model made. `url` comes from the model's side and is not validated. */
export interface Source {
  title: string
  url: string
}

/** How an answer ended: by itself (`stop`), at its token limit (`length`), or without a word on that (`other`). */
export type EndReason = 'stop' | 'length' | 'other'

export type EngineEvent =
  /** Visible text, to be appended. */
  | { type: 'text', text: string }
  /** All text so far belongs to the thoughts, and is to be taken back: the mark that says so came late. */
  | { type: 'retract' }
  /** A thought summary, to be appended to the thoughts. */
  | { type: 'thought', text: string }
  /** A part of the answer for the history. Every part is reported exactly once, text parts included. */
  | { type: 'part', part: Part }
  /** Pages the answer cites and searches that were made, in addition to earlier ones; repetitions are possible. */
  | { type: 'sources', sources: Source[], searches: Source[] }
  | { type: 'usage', usage: TokenUsage }
  /** The last event. `detail` is the provider's own word for the reason. */
  | { type: 'end', reason: EndReason, detail?: string }

/** The days by which the provider counts daily quotas. Times are milliseconds since 1970. */
export interface QuotaCalendar {
  /** Names the day of a time, as `2026-11-22`. */
  dayOf(time: number): string
  /** When the quotas of the day after `time` begin. */
  nextReset(time: number): number
}

export interface Engine {
  readonly quotaCalendar: QuotaCalendar
  /**
   * Streams one answer.
   * @throws {EngineError} before or during the iteration; a filtered or an empty answer is an error too
   */
  stream(request: EngineRequest, options: EngineOptions): AsyncIterable<EngineEvent>
  /**
   * Lists the models the key may use.
   * @throws {EngineError}
   */
  models(options: EngineOptions): Promise<ModelInfo[]>
  /** Ends all requests and closes all sockets. */
  dispose(): void
}
