/**
 * The contract between the plugin and a language model. Everything outside `engine/` uses these types only, so another
 * engine is one folder beside `gemini/` and one line in the plugin's entry file.
 */

export type JsonObject = Record<string, unknown>

export interface FileData {
  mimeType: string
  /** In base64. */
  data: string
}

/** The model asks for a tool of ours to be run. */
export interface ToolCall {
  /** Names the call within a conversation. Engines make one up where the model gives none. */
  id: string
  name: string
  arguments: JsonObject
  /** What the model wrote where it is no JSON object; `arguments` is empty then. */
  malformed?: string
}

/** What a tool returned for a call. */
export interface ToolResult {
  /** Id and name of the call. */
  id: string
  name: string
  /** Text or JSON. */
  content: string
  /** The tool failed, and `content` says why. */
  isError?: boolean
}

/** What only the engine that wrote a part reads again, such as signatures of thoughts. Other engines leave it out. */
export interface NativeData {
  engine: EngineType
  fields: JsonObject
}

export type EngineType = 'gemini' | 'openai'

/**
 * One piece of a message: a text, a file, a call or a result, or only what the engine needs to see again. A part of
 * `text` alone is plain text. The history stores parts as JSON, and any engine reads what another one has written.
 */
export interface Part {
  text?: string
  /** Marks `text` as thoughts of the model, or a summary of them, which is not part of the answer. */
  thought?: boolean
  file?: FileData
  toolCall?: ToolCall
  toolResult?: ToolResult
  native?: NativeData
}

/**
 * One message of a conversation. Results of tools follow the message with their calls, in messages of the role `tool`;
 * engines leave out calls without a result, and results without a call.
 */
export interface Content {
  role: 'user' | 'model' | 'tool'
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

/** A tool that runs on our side. The model asks for it in a part with a `toolCall`. */
export interface ToolDeclaration {
  /** Letters, digits, `_` and `-`, at most 64 characters: what all providers take. */
  name: string
  /** Tells the model what the tool does and when to use it. */
  description: string
  /** JSON schema of the arguments, an object. */
  parameters: JsonObject
}

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
  /** The conversation, oldest message first; the last one is the question, or the results of tools. */
  contents: Content[]
  /** System instruction. */
  system?: string
  /** Tools of the engine that the model may use. One the engine does not have is ignored. */
  tools?: EngineTool[]
  /** Tools of ours that the model may call. */
  toolDeclarations?: ToolDeclaration[]
  /** `none`: the model has to answer without calling a tool, although some are declared. */
  toolChoice?: 'auto' | 'none'
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
  /** API key of this request; empty for a service that needs none. */
  key: string
  /** Whose models to list, where there are several providers; the default one if missing. */
  provider?: string
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

/**
 * How an answer ended: by itself (`stop`), with calls whose results the model waits for (`tools`), at its token limit
 * (`length`), or without a word on that (`other`).
 */
export type EndReason = 'stop' | 'tools' | 'length' | 'other'

export type EngineEvent =
  /** Visible text, to be appended. */
  | { type: 'text', text: string }
  /** All text so far belongs to the thoughts, and is to be taken back: the mark that says so came late. */
  | { type: 'retract' }
  /** A thought summary, to be appended to the thoughts. */
  | { type: 'thought', text: string }
  /** A part of the answer for the history. Every part is reported exactly once, texts and whole calls included. */
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
  /** The calendar of one provider, where there are several. */
  calendarOf?(provider: string): QuotaCalendar
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
