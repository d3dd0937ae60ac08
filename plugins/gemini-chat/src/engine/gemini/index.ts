import type { GenerateContentRequest } from '@google/generative-ai'
import type { SecureContextOptions } from 'node:tls'
import type { Chunk } from './chunks'
import { ChunkReader } from './chunks'
import { Call } from '../http/call'
import type { Clock } from 'common/time'
import type { Timeouts } from '../http/deadline'
import { classifyError } from './classify-error'
import { parseBaseUrl } from './endpoint'
import { EngineError } from '../error'
import { CALL_ID_HEADER, createSdkFetch } from './fetch'
import { listModels } from './list-models'
import { googleQuotaCalendar } from './quota-calendar'
import { encodeRequest } from './request'
import { loadSdk } from './sdk'
import { createTransport } from '../http/transport'
import type { Engine, EngineEvent, EngineOptions, EngineRequest, ModelInfo } from '../types'

export interface GeminiOptions extends Timeouts {
  /** Address of a relay, with or without `/v1beta`; Google's by default. */
  baseUrl?: string
  /** Proxy for the requests of this engine only, see `TransportOptions`. */
  proxy?: string
  /** Certificates to trust instead of the usual ones. */
  ca?: SecureContextOptions['ca']
  clock?: Clock
}

/** How long to wait for the end of the stream once the answer may be over: some relays never end theirs. */
const STREAM_END_GRACE_MS = 2000

/**
 * Creates an engine on Google's SDK. The SDK writes requests and splits responses into chunks; connections, timeouts,
 * errors and the reading of chunks are our own.
 *
 * @throws {EngineError} at once, if the proxy or the base URL is malformed or the SDK is not installed
 * @see https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
 */
export function createGeminiEngine(options: GeminiOptions): Engine {
  const { baseUrl, apiVersion, isRelay } = parseBaseUrl(options.baseUrl)
  const calls = new Map<string, Call>()
  const transport = createTransport(options)
  const fetch = createSdkFetch(transport, calls, undefined, isRelay)
  const sdk = loadSdk(fetch)
  let disposed = false

  /** Registers a call and ends it when the caller's signal aborts. */
  function open({ signal, key }: EngineOptions) {
    if (signal.aborted || disposed) throw new EngineError('aborted', 'the request was aborted')
    if (!/^[\x21-\x7e]+$/.test(key)) throw new EngineError('auth', 'the API key is empty or has characters that no key has')
    const call = new Call(key, options, options.clock, classifyError)
    const abort = () => call.end()
    signal.addEventListener('abort', abort)
    calls.set(call.id, call)
    return {
      call,
      close() {
        call.end()
        calls.delete(call.id)
        signal.removeEventListener('abort', abort)
      },
    }
  }

  async function* stream(request: EngineRequest, options: EngineOptions): AsyncGenerator<EngineEvent> {
    const body = encodeRequest(request)
    const { call, close } = open(options)
    try {
      const reader = new ChunkReader()
      const hasTools = !!request.tools?.length
      for await (const chunk of generate(request.model, body, call)) {
        for (const event of reader.read(chunk)) {
          yield event
          call.throwIfAborted()
        }
        call.backpressure.consumed()
        if (reader.canBeOver && !hasTools) call.deadline.awaitEnd(STREAM_END_GRACE_MS)
        else call.deadline.awaitMore()
      }
      call.throwIfAborted()
      if (call.error && !isEnd(call.error, reader)) throw call.error
      yield* reader.rest()
      const end = reader.end()
      if (end.reason === 'other' && reader.finishReason) {
        throw new EngineError('incomplete', `the model broke the answer off: ${end.detail}`, { detail: end.detail })
      }
      yield end
    } catch (error) {
      throw call.toError(error)
    } finally {
      close()
    }
  }

  async function* generate(model: string, body: GenerateContentRequest, call: Call): AsyncGenerator<Chunk> {
    const customHeaders = { [CALL_ID_HEADER]: call.id }
    const client = new sdk.GoogleGenerativeAI(call.key)
    try {
      const { stream, response } = await client.getGenerativeModel({ model }, { baseUrl, apiVersion, customHeaders })
        .generateContentStream(body)
      // The aggregated response is not used, but its rejection would be unhandled.
      response.catch(() => {})
      yield* stream as AsyncIterable<Chunk>
    } catch (error) {
      throw call.error ?? error
    }
  }

  async function models(options: EngineOptions): Promise<ModelInfo[]> {
    const { call, close } = open(options)
    try {
      return await listModels(fetch, `${baseUrl}/${apiVersion}`, call)
    } catch (error) {
      throw call.toError(error)
    } finally {
      close()
    }
  }

  return {
    quotaCalendar: googleQuotaCalendar,
    stream,
    models,
    dispose() {
      disposed = true
      for (const call of calls.values()) call.end()
      transport.dispose()
    },
  }
}

/** Whether a stream that fell silent was only not closed. A connection that breaks is never the end. */
function isEnd({ kind, reason }: EngineError, reader: ChunkReader): boolean {
  return kind === 'timeout' && (reader.canBeOver || (reader.isOver && reason === 'idle'))
}
