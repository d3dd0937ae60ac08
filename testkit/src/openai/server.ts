import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { playScenario } from '../gemini/player'
import type { Scenario } from '../gemini/scenario'
import { listen } from '../listen'
import * as scenarios from './scenarios'

export interface OpenAiRequest {
  method: string
  path: string
  headers: IncomingHttpHeaders
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any
  /** The text of the last message. */
  question: string
  /** The client disconnected before the whole response was sent. */
  aborted: boolean
}

export type OpenAiResponder = Scenario | ((request: OpenAiRequest) => Scenario)

export interface OpenAiServerOptions {
  /** The valid API keys; any, and none, by default. */
  keys?: string[]
  models?: string[]
}

export interface OpenAiServer {
  /** Base URL, with `/v1`. */
  url: string
  port: number
  requests: OpenAiRequest[]
  /** As `Gemini.respond`. */
  respond(...responders: OpenAiResponder[]): void
  accepted(): number
  close(): Promise<void>
}

const PATHS = { '/v1/chat/completions': 'POST', '/v1/models': 'GET' }

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  return Array.isArray(content) ? content.map((part: { text?: string }) => part.text ?? '').join('') : ''
}

/** @returns OpenAI's error for an invalid request */
function check({ method, path, headers, body }: OpenAiRequest, { keys, models }: OpenAiServerOptions) {
  const known = Object.entries(PATHS).find(([known]) => known === path)
  if (known?.[1] !== method) return scenarios.failure(404, `Invalid URL (${method} ${path})`)
  if (keys && !keys.includes(headers.authorization?.replace(/^Bearer /, '') ?? '')) return scenarios.badKey()
  if (method === 'GET') return
  if (typeof body?.model !== 'string') return scenarios.failure(400, 'you must provide a model parameter')
  if (!Array.isArray(body.messages) || !body.messages.length) return scenarios.failure(400, 'messages is required')
  if (models && !models.includes(body.model)) return scenarios.unknownModel(body.model)
  return checkTools(body.messages)
}

/** Each call of a message needs its result in the messages that follow, and each result its call. */
function checkTools(messages: { role: string, tool_calls?: { id: string }[], tool_call_id?: string }[]) {
  let open = new Set<string>()
  for (const { role, tool_calls: calls = [], tool_call_id: id = '' } of messages) {
    if (role === 'tool' ? !open.delete(id) : open.size) {
      return scenarios.failure(400, 'An assistant message with \'tool_calls\' must be followed by tool messages.')
    }
    if (role !== 'tool') open = new Set(calls.map(call => call.id))
  }
}

/**
 * A mock of a service with the chat completions of OpenAI: streamed answers and the list of models.
 * @see https://platform.openai.com/docs/api-reference/chat
 */
export async function createOpenAi(options: OpenAiServerOptions = {}): Promise<OpenAiServer> {
  const requests: OpenAiRequest[] = []
  let queue: OpenAiResponder[] = []
  let accepted = 0

  function answer(request: OpenAiRequest): Scenario {
    const error = check(request, options)
    if (error) return error
    if (request.method === 'GET') {
      return { body: { object: 'list', data: (options.models ?? ['model']).map(id => ({ id, object: 'model' })) } }
    }
    const responder = queue.length > 1 ? queue.shift() : queue[0]
    if (!responder) return scenarios.text('你问的是：', request.question, '。')
    return typeof responder === 'function' ? responder(request) : responder
  }

  const server = createServer(async (incoming, response) => {
    const { method = '', url = '', headers } = incoming
    const request: OpenAiRequest = { method, path: url, headers, body: undefined, question: '', aborted: false }
    requests.push(request)
    const disconnected = new AbortController()
    let isReset = false
    response.once('close', () => {
      request.aborted = !response.writableFinished && !isReset
      disconnected.abort()
    })
    const bytes: Buffer[] = []
    try {
      for await (const chunk of incoming) bytes.push(chunk)
    } catch {
      return
    }
    const body = Buffer.concat(bytes).toString()
    if (body) request.body = JSON.parse(body)
    request.question = textOf(request.body?.messages?.at(-1)?.content)
    await playScenario(answer(request), {
      response, format: 'sse', disconnected: disconnected.signal,
      reset() {
        isReset = true
        incoming.socket.resetAndDestroy()
      },
    })
  })
  server.on('connection', () => accepted++)
  const { port, close } = await listen(server)
  return {
    url: `http://127.0.0.1:${port}/v1`, port, requests, close,
    respond: (...responders) => void (queue = responders),
    accepted: () => accepted,
  }
}
