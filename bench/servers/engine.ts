import { performance } from 'node:perf_hooks'
import { createGeminiEngine } from '../../plugins/gemini-chat/src/engine/gemini'
import { runServer } from './child'

export interface EngineServerOptions {
  baseUrl: string
  /** The certificate to trust. */
  ca?: string
  /** URL of a proxy. */
  proxy?: string
}

const timeouts = { firstByteTimeout: 10_000, idleTimeout: 10_000, totalTimeout: 20_000 }

/** The Gemini engine without Koishi. */
runServer(async (options: EngineServerOptions) => {
  const engine = createGeminiEngine({ ...timeouts, ...options })
  return {
    port: () => 0,
    /** Sends one request. @returns milliseconds until the end of the answer */
    async request() {
      const startedAt = performance.now()
      const request = { model: 'gemini-3.8-flash', contents: [{ role: 'user' as const, parts: [{ text: 'hello' }] }] }
      for await (const event of engine.stream(request, { key: 'bench', signal: new AbortController().signal })) {
        if (event.type === 'end') break
      }
      return performance.now() - startedAt
    },
  }
})
