import type { GenerateContentRequest } from '@google/generative-ai'
import type { SecureContextOptions } from 'node:tls'
import type { Chunk } from './chunks'
import { ChunkReader } from './chunks'
import { Call } from './call'
import type { Clock } from 'common/time'
import type { Timeouts } from './deadline'
import { parseBaseUrl } from './endpoint'
import { EngineError } from '../error'
import { CALL_ID_HEADER, createSdkFetch } from './fetch'
import { listModels } from './list-models'
import { googleQuotaCalendar } from './quota-calendar'
import { encodeRequest } from './request'
import { loadSdk } from './sdk'
import { createTransport } from './transport'
import type { Engine, EngineEvent, EngineOptions, EngineRequest, ModelInfo } from '../types'

export interface GeminiOptions extends Timeouts {
  /** Another server that speaks Gemini; with or without `/v1beta`. */
  baseUrl?: string
  /** For these requests only, see `TransportOptions`. */
  proxy?: string
  /** Certificates to trust instead of the usual ones. */
  ca?: SecureContextOptions['ca']
  clock?: Clock
}

/** Milliseconds to wait for the end of a stream whose answer is complete: some relays never end theirs. */
const STREAM_END_GRACE_MS = 2000

/**
 * The engine on Google's own SDK, as far as that can be trusted: it writes the request and hands on the chunks. The
 * connection below it is ours, and so is the reading of what the chunks say.
 *
 * @throws {EngineError} at once, when the proxy or the base URL is malformed or the SDK is not installed
 */
export function createGeminiEngine(options: GeminiOptions): Engine {
  const { baseUrl, apiVersion } = parseBaseUrl(options.baseUrl)
  const calls = new Map<string, Call>()
  const transport = createTransport(options)
  const fetch = createSdkFetch(transport, calls)
  const sdk = loadSdk(fetch)
  let disposed = false

  /** Registers a call and ties it to the signal of whoever asks. */
  function open({ signal, key }: EngineOptions) {
    if (signal.aborted || disposed) throw new EngineError('aborted', 'the request was aborted')
    if (!/^[\x21-\x7e]+$/.test(key)) throw new EngineError('auth', 'the API key is empty or has characters no key has')
    const call = new Call(key, options, options.clock)
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
      const answer = new ChunkReader()
      for await (const chunk of generate(request.model, body, call)) {
        for (const event of answer.read(chunk)) {
          yield event
          call.throwIfAborted()
        }
        call.backpressure.consumed()
        if (answer.finishReason) call.deadline.awaitEnd(STREAM_END_GRACE_MS)
      }
      call.throwIfAborted()
      // What breaks after the last word breaks nothing.
      if (call.error && !answer.finishReason) throw call.error
      yield answer.end()
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
      // The aggregated answer is of no use to us, but its failure would go unhandled.
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
