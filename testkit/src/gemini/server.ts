import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createCertificate } from '../certificate'
import { listen } from '../listen'
import { playScenario } from './player'
import type { GeminiRequest } from './request'
import { readBody, createRecord, textOf } from './request'
import * as scenarios from './scenarios'
import type { Scenario } from './scenario'
import { errorBody, countTokens } from './wire'

/** A scenario, or a function that chooses one for a request. */
export type Responder = Scenario | ((request: GeminiRequest) => Scenario | Promise<Scenario>)

export interface GeminiOptions {
  port?: number
  /** Serves HTTPS with a generated certificate; clients trust it by `gemini.ca`. */
  tls?: boolean
  /** Host name in `url`. A fictitious one is only reachable through a proxy that resolves it. */
  host?: string
  /** The valid API keys; any by default. */
  keys?: string[]
  /** The existing models; any by default. */
  models?: string[]
}

export interface Gemini {
  /** Base URL; replaces `https://generativelanguage.googleapis.com`. */
  url: string
  port: number
  /** The certificate to trust, with `tls`. */
  ca?: string
  requests: GeminiRequest[]
  /**
   * Sets the responses to the next generations, one each; the last one also applies to all later ones.
   * Without arguments, restores the default, which repeats the question.
   */
  respond(...responders: Responder[]): void
  /** As `respond`, for token counts and the model list. */
  respondTo(action: 'countTokens' | 'models', ...responders: Responder[]): void
  /** Open TCP connections. */
  connections(): number
  /** TCP connections accepted since the start. */
  accepted(): number
  close(): Promise<void>
}

const DEFAULT_MODELS = ['gemini-3.8-flash', 'gemini-3.6-flash', 'gemini-3.5-flash', 'gemini-3.5-flash-lite']

function describe(name: string) {
  return {
    name: `models/${name}`,
    displayName: name,
    inputTokenLimit: 1048576,
    outputTokenLimit: 65536,
    supportedGenerationMethods: ['generateContent', 'countTokens'],
  }
}

function list(names: string[], model?: string): Scenario {
  if (!model) return { body: { models: names.map(describe) } }
  return names.includes(model) ? { body: describe(model) } : scenarios.unknownModel(model)
}

function count({ body }: GeminiRequest): Scenario {
  const contents: object[] = body.contents ?? body.generateContentRequest?.contents ?? []
  return { body: { totalTokens: contents.reduce((sum, content) => sum + countTokens(textOf(content)), 0) } }
}

/** @returns Google's error for an invalid request */
function check({ action, model, key, body }: GeminiRequest, { keys, models }: GeminiOptions) {
  if (!action) return scenarios.apiError(errorBody(404, 'NOT_FOUND', 'Not Found'))
  if (!key) return scenarios.noKey()
  if (keys && !keys.includes(key)) return scenarios.badKey()
  if (action === 'models') return
  if (typeof body !== 'object' || !body) return scenarios.invalid('Invalid JSON payload received.')
  if (models && !models.includes(model!)) return scenarios.unknownModel(model!)
  if (action !== 'countTokens' && !body.contents?.length) {
    return scenarios.invalid('* GenerateContentRequest.contents: contents is not specified\n')
  }
}

/**
 * A mock of the Gemini API: generation (streaming and unary), token counting, model list.
 * @see https://ai.google.dev/api/generate-content
 */
export async function createGemini(options: GeminiOptions = {}): Promise<Gemini> {
  const requests: GeminiRequest[] = []
  const queues = new Map<string, Responder[]>()
  let accepted = 0

  const answer = (request: GeminiRequest): Scenario | Promise<Scenario> => {
    const error = check(request, options)
    if (error) return error
    const action = request.action === 'countTokens' || request.action === 'models' ? request.action : 'generate'
    const queue = queues.get(action) ?? []
    const responder = queue.length > 1 ? queue.shift() : queue[0]
    if (typeof responder === 'function') return responder(request)
    if (responder) return responder
    if (action === 'models') return list(options.models ?? DEFAULT_MODELS, request.model)
    return action === 'countTokens' ? count(request) : scenarios.echo(request.question)
  }

  const handle: RequestListener = async (incoming, response) => {
    const request = createRecord(incoming, response)
    requests.push(request)
    const disconnected = new AbortController()
    let reset = false
    request.closed.then(() => {
      request.aborted = !request.finished && !reset
      disconnected.abort()
    })
    const stream = request.action === 'streamGenerateContent'
    try {
      await readBody(incoming, request)
    } catch {
      return
    }
    await playScenario(await answer(request), {
      response,
      format: !stream ? 'unary' : request.path.includes('alt=sse') ? 'sse' : 'array',
      disconnected: disconnected.signal,
      reset() {
        reset = true
        for (const socket of sockets) {
          if (socket.remotePort === incoming.socket.remotePort) socket.resetAndDestroy()
        }
      },
    })
  }

  const certificate = options.tls ? createCertificate([options.host ?? 'localhost', 'localhost', '127.0.0.1']) : undefined
  const server = certificate ? createTlsServer(certificate, handle) : createServer(handle)
  server.on('connection', () => accepted++)
  const { port, sockets, close } = await listen(server, options.port)
  return {
    url: `${certificate ? 'https' : 'http'}://${options.host ?? (certificate ? 'localhost' : '127.0.0.1')}:${port}`,
    port,
    ca: certificate?.cert,
    requests,
    respond: (...responders) => void queues.set('generate', responders),
    respondTo: (action, ...responders) => void queues.set(action, responders),
    connections: () => sockets.size,
    accepted: () => accepted,
    close,
  }
}
