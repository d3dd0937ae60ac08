import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

export type GeminiAction = 'streamGenerateContent' | 'generateContent' | 'countTokens' | 'models'

/** One request, as it came and as it went. */
export interface GeminiRequest {
  method: string
  /** Path and query. */
  path: string
  headers: IncomingHttpHeaders
  /** Parsed JSON, or the raw text where it is none. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any
  /** `x-goog-api-key`, or the `key` parameter. */
  key?: string
  /** What the path asks for; nothing known where absent. */
  action?: GeminiAction
  /** Without the `models/` prefix. */
  model?: string
  /** Text of the last content. */
  question: string
  /** Answered to the last byte. */
  finished: boolean
  /** The client went away before that. */
  aborted: boolean
  /** `performance.now()` at the arrival and at the end. */
  openedAt: number
  closedAt?: number
  /** Resolves at the end, however it ends. */
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

/** Starts the record of a request. The body is read afterwards. */
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
 * @throws when the client goes away meanwhile
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
