import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

export type GeminiAction = 'streamGenerateContent' | 'generateContent' | 'countTokens' | 'models'

/** One request and how it ended. */
export interface GeminiRequest {
  method: string
  /** Path and query. */
  path: string
  headers: IncomingHttpHeaders
  /** Parsed JSON, or the raw text if it is not JSON. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any
  /** `x-goog-api-key`, or the `key` parameter. */
  key?: string
  /** The requested method; `undefined` for unknown paths. */
  action?: GeminiAction
  /** Without the `models/` prefix. */
  model?: string
  /** The text of the last content. */
  question: string
  /** The whole response was sent. */
  finished: boolean
  /** The client disconnected before that. */
  aborted: boolean
  /** `performance.now()` at the start and the end of the request. */
  openedAt: number
  closedAt?: number
  /** Resolves at the end of the request, in any case. */
  closed: Promise<void>
}

type Content = { parts?: { text?: string }[] }

/** The text of one content. */
export function textOf(content: Content | undefined) {
  return content?.parts?.map(part => part.text ?? '').join('') ?? ''
}

function parseRoute(method: string, pathname: string): { action?: GeminiAction, model?: string } {
  const [match, model, call] = /^\/v1(?:beta|alpha)?\/models(?:\/([^:/]+))?(?::(\w+))?$/.exec(pathname) ?? []
  if (method === 'GET' && match && !call) return { action: 'models', model }
  if (method !== 'POST' || !model) return {}
  const calls: GeminiAction[] = ['streamGenerateContent', 'generateContent', 'countTokens']
  return { action: calls.find(name => name === call), model }
}

/** Creates the record of a request. `readBody` fills in the body. */
export function createRecord(incoming: IncomingMessage, response: ServerResponse): GeminiRequest {
  const { pathname, searchParams } = new URL(incoming.url!, 'http://localhost')
  const request: GeminiRequest = {
    method: incoming.method!,
    path: incoming.url!,
    headers: incoming.headers,
    body: undefined,
    key: incoming.headers['x-goog-api-key']?.toString() ?? searchParams.get('key') ?? undefined,
    ...parseRoute(incoming.method!, pathname),
    question: '',
    finished: false,
    aborted: false,
    openedAt: performance.now(),
    closed: new Promise(resolve => response.once('close', () => {
      request.finished = response.writableFinished
      request.closedAt = performance.now()
      resolve()
    })),
  }
  return request
}

/**
 * Reads the body into the record.
 * @throws if the client disconnects before the end
 */
export async function readBody(incoming: IncomingMessage, request: GeminiRequest) {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  try {
    request.body = JSON.parse(text)
  } catch {
    request.body = text
  }
  if (Array.isArray(request.body?.contents)) request.question = textOf(request.body.contents.at(-1))
}
