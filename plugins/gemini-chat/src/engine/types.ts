/**
 * What the rest of the plugin knows of a model: a request, a stream of events, one error class.
 * Wire types are kept verbatim (thought signatures, inline data), so that any engine can replay a history.
 * https://ai.google.dev/api/generate-content
 */

/** One piece of a turn as Gemini sends and takes it. Unknown fields are kept. */
export interface Part {
  text?: string
  thought?: boolean
  thoughtSignature?: string
  inlineData?: { mimeType: string, data: string }
  fileData?: { mimeType?: string, fileUri: string }
  functionCall?: { id?: string, name: string, args?: object }
  functionResponse?: { id?: string, name: string, response: object }
  [key: string]: unknown
}

/** One turn of a conversation, by its speaker. */
export interface Content {
  role: 'user' | 'model'
  parts: Part[]
}

/** Token counts as the model itself reports them, cumulative within one answer. */
export interface Usage {
  promptTokenCount?: number
  /** `promptTokenCount` by `TEXT`, `IMAGE`, `DOCUMENT` and so on. */
  promptTokensDetails?: { modality?: string, tokenCount?: number }[]
  candidatesTokenCount?: number
  thoughtsTokenCount?: number
  toolUsePromptTokenCount?: number
  cachedContentTokenCount?: number
  totalTokenCount?: number
}

export interface EngineRequest {
  /** Model id, with or without the `models/` prefix. */
  model: string
  contents: Content[]
  /** System instruction. */
  system?: string
  tools?: object[]
  /** As it goes over the wire, like `tools`. */
  toolConfig?: object
  /** As it goes over the wire; the model's own settings unless told. */
  safetySettings?: object[]
  /**
   * `generationConfig` as it goes over the wire, e.g. `{ thinkingConfig: { thinkingLevel: 'LOW' } }`. What the model
   * does not take is translated or left out.
   */
  generation?: object
}

export interface EngineOptions {
  /** Aborting ends the HTTP request and its socket; the iteration then throws a `GeminiError` of kind `aborted`. */
  signal: AbortSignal
  /** API key for this request. */
  key: string
}

export interface ModelInfo {
  /** Without the `models/` prefix. */
  name: string
  inputTokenLimit?: number
  outputTokenLimit?: number
  methods: string[]
}

export type EngineEvent =
  /** Visible text, to be appended. */
  | { type: 'text', text: string }
  /** A thought summary, to be appended to the thoughts. */
  | { type: 'thought', text: string }
  /** A part of the answer exactly as it came, for the history. Every part is reported once, text parts included. */
  | { type: 'part', part: Part }
  | { type: 'grounding', metadata: object }
  | { type: 'usage', usage: Usage }
  /** The last event. `reason` is the wire's `finishReason`, e.g. `STOP` or `MAX_TOKENS`. */
  | { type: 'end', reason: string }

export interface Engine {
  /**
   * Streams one answer.
   * @throws {GeminiError} before or during the iteration; `blocked` and `empty` count as errors
   */
  stream(request: EngineRequest, options: EngineOptions): AsyncIterable<EngineEvent>
  /** Lists the models the key may use. */
  models(options: EngineOptions): Promise<ModelInfo[]>
  /** Ends all requests and frees all sockets. */
  dispose(): void
}
