import { performance } from 'node:perf_hooks'
import type { Gemini, GeminiRequest } from 'testkit'
import { WecomClient, createGemini, scenarios } from 'testkit'
import { AES_KEY, PATH, TOKEN } from '../servers/settings'
import { ServerProcess } from './process'

const CHUNK_COUNT = 40

/** Times of one answer, in milliseconds. */
export interface AnswerTimes {
  /** From the model's first chunk to a poll that returns it. */
  firstChunk: number
  /** From the model's first chunk to the end of the model's response. */
  stream: number
}

/** The complete path of an answer: WeCom client, adapter, gemini-chat with Google's SDK, mock Gemini API. */
export class EndToEnd {
  private serial = 0

  private constructor(readonly server: ServerProcess, readonly gemini: Gemini, readonly client: WecomClient) {}

  static async start(): Promise<EndToEnd> {
    const gemini = await createGemini()
    const server = await ServerProcess.start('chat', { baseUrl: gemini.url })
    const url = `http://127.0.0.1:${server.port}${PATH}`
    const client = new WecomClient({ url, token: TOKEN, encodingAESKey: AES_KEY, pollInterval: 2 })
    return new EndToEnd(server, gemini, client)
  }

  /** Asks one question with an answer of 40 chunks, 5 ms apart. */
  async measure(): Promise<AnswerTimes> {
    let sentAt = 0
    let request: GeminiRequest | undefined
    const words = Array.from({ length: CHUNK_COUNT - 1 }, (_, index) => `word${index} `)
    this.gemini.respond((received) => {
      request = received
      // The first chunk is written when the pause ends.
      const pause = new Promise<void>(resolve => setTimeout(() => {
        sentAt = performance.now()
        resolve()
      }, 150))
      return { ...scenarios.text(pause, 'first ', ...words), gap: 5 }
    })
    let firstChunk = 0
    for await (const { content } of this.client.ask(`question ${++this.serial}`, { userId: `user-${this.serial}` })) {
      if (!firstChunk && content.includes('first')) firstChunk = performance.now() - sentAt
    }
    return { firstChunk, stream: request!.closedAt! - sentAt }
  }

  async stop() {
    await this.server.stop()
    await this.gemini.close()
  }
}
