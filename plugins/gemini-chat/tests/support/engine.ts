import { EngineError } from '../../src/engine/error'
import type { EngineErrorDetails, EngineErrorKind } from '../../src/engine/error'
import { googleQuotaCalendar } from '../../src/engine/gemini/quota-calendar'
import type { Engine, EngineEvent, EngineOptions, EngineRequest, ModelInfo } from '../../src/engine/types'

type Step = EngineEvent | Error | PromiseLike<unknown>
type Script = Step[] | ((request: EngineRequest) => Step[])

/** The events of an answer with these pieces of text. */
export function says(...pieces: string[]): Step[] {
  return [...pieces.flatMap(piece), { type: 'end', reason: 'stop' }]
}

/** The events of a piece of text. */
export function piece(text: string): Step[] {
  return [{ type: 'part', part: { text } }, { type: 'text', text }]
}

export function fails(kind: EngineErrorKind, details?: EngineErrorDetails): Step[] {
  return [new EngineError(kind, `${kind} happened`, details)]
}

/** A promise that `open` resolves. */
export function gate() {
  let open!: () => void
  const promise = new Promise<void>(resolve => open = resolve)
  return Object.assign(promise, { open })
}

/** The question of a request. */
export function questionOf({ contents }: EngineRequest): string {
  return contents.at(-1)!.parts.map(part => part.text).join('')
}

/** An engine that plays one script per request, the last one for all further requests. Without scripts it echoes. */
export class FakeEngine implements Engine {
  readonly quotaCalendar = googleQuotaCalendar
  readonly requests: (EngineRequest & EngineOptions)[] = []
  disposed = false
  running = 0
  private scripts: Script[] = []

  respond(...scripts: Script[]) {
    this.scripts = scripts
  }

  async* stream(request: EngineRequest, options: EngineOptions): AsyncGenerator<EngineEvent> {
    this.requests.push(structuredClone({ ...request, key: options.key, signal: undefined! }))
    const script = (this.scripts.length > 1 ? this.scripts.shift() : this.scripts[0])
      ?? (request => says('echo: ', questionOf(request)))
    this.running++
    try {
      for (const step of typeof script === 'function' ? script(request) : script) {
        if (step instanceof Error) throw step
        if ('then' in step) await Promise.race([step, aborted(options.signal)])
        if (options.signal.aborted) throw new EngineError('aborted', 'the request was aborted')
        if ('type' in step) yield step
      }
    } finally {
      this.running--
    }
  }

  async models(): Promise<ModelInfo[]> {
    return []
  }

  dispose() {
    this.disposed = true
  }
}

function aborted(signal: AbortSignal) {
  return new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}

let calls = 0

/** The events of a round that ends with calls of tools. */
export function callsTools(...tools: [name: string, args?: Record<string, unknown>][]): Step[] {
  return [
    ...tools.map(([name, args = {}]): Step => ({ type: 'part', part: { toolCall: { id: `call-${++calls}`, name, arguments: args } } })),
    { type: 'end', reason: 'tools' },
  ]
}

/** The results of tools in a request, newest message last. */
export function resultsIn({ contents }: Pick<EngineRequest, 'contents'>): string[] {
  return contents.flatMap(({ parts }) => parts.flatMap(({ toolResult }) => toolResult ? [toolResult.content] : []))
}
