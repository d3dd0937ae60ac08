import type { SecureContextOptions } from 'node:tls'
import type { Clock } from 'common/time'
import { EngineError } from '../error'
import { Call } from '../http/call'
import type { Timeouts } from '../http/deadline'
import { createTransport } from '../http/transport'
import type { Engine, EngineEvent, EngineOptions, EngineRequest, ModelInfo } from '../types'
import { utcCalendar } from '../utc-calendar'
import { withoutFeatures } from '../without-features'
import { CompletionReader } from './chunks'
import type { ServiceDialect } from './dialect'
import { adaptedTo, STANDARD_DIALECT } from './dialect'
import { parseOpenAiBaseUrl } from './endpoint'
import { listOpenAiModels } from './list-models'
import { encodeCompletionRequest } from './request'
import { readChunks } from './response'
import { send } from './send'

export interface OpenAiOptions extends Timeouts {
  /** Address of the service, usually up to `/v1`. A path is kept; without one, `/v1` is added. */
  baseUrl: string
  /** Proxy for the requests of this engine only, see `TransportOptions`. */
  proxy?: string
  /** Certificates to trust instead of the usual ones. */
  ca?: SecureContextOptions['ca']
  clock?: Clock
}

/** How long to wait for the end of the stream after a finish reason: usage may follow, `[DONE]` may not. */
const STREAM_END_GRACE_MS = 2000

/** Models whose dialect is remembered. */
const MAX_DIALECTS = 200

/**
 * Creates an engine for services with the chat completions of OpenAI: OpenAI, DeepSeek, Qwen, vLLM, Ollama, Dify,
 * RAGFlow, gateways of companies. Where a service refuses a field that others need, the request is sent once more
 * without it, and the model is asked that way from then on.
 *
 * @throws {EngineError} at once, if the proxy or the base URL is malformed
 * @see https://platform.openai.com/docs/api-reference/chat/create
 */
export function createOpenAiEngine(options: OpenAiOptions): Engine {
  const address = parseOpenAiBaseUrl(options.baseUrl)
  const transport = createTransport(options)
  const calls = new Set<Call>()
  const dialects = new Map<string, ServiceDialect>()
  let disposed = false

  /** Registers a call and ends it when the caller's signal aborts. */
  function open({ signal, key }: EngineOptions) {
    if (signal.aborted || disposed) throw new EngineError('aborted', 'the request was aborted')
    if (!/^[\x21-\x7e]*$/.test(key)) throw new EngineError('auth', 'the API key has characters that no key has')
    const call = new Call(key, options, options.clock)
    const abort = () => call.end()
    signal.addEventListener('abort', abort)
    calls.add(call)
    return {
      call,
      close() {
        call.end()
        calls.delete(call)
        signal.removeEventListener('abort', abort)
      },
    }
  }

  function learn(model: string, dialect: ServiceDialect) {
    if (dialects.size >= MAX_DIALECTS) dialects.clear()
    dialects.set(model, dialect)
  }

  /** Sends a request, in another dialect where the service refuses this one. */
  async function request(given: EngineRequest, call: Call): Promise<Response> {
    for (;;) {
      const dialect = dialects.get(given.model) ?? STANDARD_DIALECT
      try {
        return await send(transport, `${address}/chat/completions`, call, encodeCompletionRequest(given, dialect))
      } catch (error) {
        const adapted = error instanceof EngineError ? adaptedTo(error, dialect) : undefined
        if (!adapted) throw error
        learn(given.model, adapted)
      }
    }
  }

  async function* stream(given: EngineRequest, options: EngineOptions): AsyncGenerator<EngineEvent> {
    const { call, close } = open(options)
    const reader = new CompletionReader()
    try {
      const response = await request(withoutFeatures(given), call)
      try {
        for await (const chunk of readChunks(response, call)) {
          for (const event of reader.read(chunk)) {
            // The reader of the answer may be slow; only the service is timed.
            call.deadline.pause()
            yield event
            call.throwIfAborted()
          }
          if (reader.isOver) {
            call.deadline.awaitEnd(STREAM_END_GRACE_MS)
          } else {
            call.deadline.awaitMore()
            call.deadline.resume()
          }
        }
      } catch (error) {
        const failure = call.toError(error)
        // A stream that fell silent after its finish reason was only not closed.
        if (!(reader.isOver && failure.kind === 'timeout')) throw failure
      }
      call.throwIfAborted()
      yield* reader.end()
    } catch (error) {
      throw call.toError(error)
    } finally {
      close()
    }
  }

  async function models(options: EngineOptions): Promise<ModelInfo[]> {
    const { call, close } = open(options)
    try {
      return await listOpenAiModels(transport, `${address}/models`, call)
    } catch (error) {
      throw call.toError(error)
    } finally {
      close()
    }
  }

  return {
    quotaCalendar: utcCalendar,
    stream,
    models,
    dispose() {
      disposed = true
      for (const call of calls) call.end()
      transport.dispose()
    },
  }
}
