import type { Scenario } from '../gemini/scenario'
import { openAiChunk, openAiError } from './wire'
import type { OpenAiDelta } from './wire'

/** A text, a delta, or a pause in milliseconds. */
export type OpenAiStep = string | OpenAiDelta | number

const FRAMING = { newline: '\n', done: true }

const USAGE = {
  prompt_tokens: 8, completion_tokens: 7, total_tokens: 15,
  prompt_tokens_details: { cached_tokens: 2 }, completion_tokens_details: { reasoning_tokens: 3 },
}

function toEvent(step: OpenAiStep) {
  return typeof step === 'number' ? step : openAiChunk(typeof step === 'string' ? { content: step } : step)
}

/** A streamed answer: the role, a chunk per step, the finish reason, and token counts in a chunk without choices. */
export function answer(steps: OpenAiStep[], finishReason: string | null = 'stop'): Scenario {
  const events = [
    openAiChunk({ role: 'assistant', content: '' }), ...steps.map(toEvent),
    ...finishReason === null ? [] : [openAiChunk({}, finishReason)], { ...openAiChunk({}), choices: [], usage: USAGE },
  ]
  return { events: events as Scenario['events'], framing: FRAMING }
}

export const text = (...steps: OpenAiStep[]) => answer(steps)

/** The first pieces of an answer, after which the connection stays open (`hang`) or is reset (`drop`). */
export function unfinished(end: 'hang' | 'drop', ...steps: OpenAiStep[]): Scenario {
  return { events: steps.map(toEvent) as Scenario['events'], framing: FRAMING, end }
}

/** Calls of tools as OpenAI streams them: the name first, then the arguments in pieces. */
export function calls(...list: { id: string, name: string, arguments: string }[]): Scenario {
  const deltas = list.flatMap(({ id, name, arguments: whole }, index): OpenAiDelta[] => [
    { tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] },
    ...whole.match(/.{1,5}/gs)?.map(piece => ({ tool_calls: [{ index, function: { arguments: piece } }] })) ?? [],
  ])
  return answer(deltas, 'tool_calls')
}

/** A whole answer, from a service that does not stream. */
export const whole = (message: object, finishReason = 'stop'): Scenario => ({
  body: {
    id: 'chatcmpl-1', object: 'chat.completion', created: 1_800_000_000, model: 'model',
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finishReason }], usage: USAGE,
  },
})

export const failure = (
  status: number, message: string, type?: string, code?: string | null, headers?: Record<string, string>,
): Scenario => ({ status, headers, body: openAiError(message, type, code) })

export const badKey = () => failure(401, 'Incorrect API key provided.', 'invalid_request_error', 'invalid_api_key')

export const unknownModel = (model: string) => failure(
  404, `The model \`${model}\` does not exist or you do not have access to it.`, 'invalid_request_error', 'model_not_found')

export const rateLimited = (seconds: number) => failure(
  429, 'Rate limit reached for requests', 'requests', 'rate_limit_exceeded', { 'retry-after': String(seconds) })

export const tooLong = () => failure(400,
  'This model\'s maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.',
  'invalid_request_error', 'context_length_exceeded')

export const filteredPrompt = () => failure(400, 'The response was filtered due to the prompt triggering a content policy.',
  'invalid_request_error', 'content_filter')

/** The start of an answer, then an error inside the stream of status 200. */
export function failingMidway(error: object, ...steps: OpenAiStep[]): Scenario {
  return { events: [...steps.map(toEvent), error] as Scenario['events'], framing: FRAMING }
}
