/** @see https://platform.openai.com/docs/api-reference/chat-streaming */
export interface OpenAiDelta {
  role?: string
  content?: string | null
  tool_calls?: object[]
  [field: string]: unknown
}

export interface OpenAiChunk {
  id: string
  object: 'chat.completion.chunk'
  created: number
  model: string
  choices: { index: number, delta: OpenAiDelta, finish_reason: string | null }[]
  usage?: object | null
}

export interface OpenAiError {
  error: { message: string, type?: string, param?: string | null, code?: string | number | null }
}

export function openAiChunk(delta: OpenAiDelta, finishReason: string | null = null): OpenAiChunk {
  return {
    id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_800_000_000, model: 'model',
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  }
}

export function openAiError(message: string, type = 'invalid_request_error', code: string | null = null): OpenAiError {
  return { error: { message, type, param: null, code } }
}
