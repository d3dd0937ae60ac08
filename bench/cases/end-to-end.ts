import { performance } from 'node:perf_hooks'
import type { Gemini, GeminiRequest } from 'testkit'
import { WecomClient, createGemini, scenarios } from 'testkit'
import { Server } from '../harness'
import { AES_KEY, PATH, TOKEN } from '../servers/settings'

/** The whole chain: WeCom's client, the adapter, the chat with the real SDK, the stand-in for Gemini. */
export class Chain {
  private serial = 0

  private constructor(readonly server: Server, readonly gemini: Gemini, readonly client: WecomClient) {}

  static async start(): Promise<Chain> {
    const gemini = await createGemini()
    const server = await Server.start('chat', { baseUrl: gemini.url })
    const url = `http://127.0.0.1:${server.port}${PATH}`
    const client = new WecomClient({ url, token: TOKEN, encodingAESKey: AES_KEY, pollInterval: 2 })
    return new Chain(server, gemini, client)
  }

  /** One question and its answer. Times are milliseconds. */
  async measure(): Promise<{ seen: number, span: number }> {
    let left = 0
    let asked: GeminiRequest | undefined
    const words = Array.from({ length: 39 }, (_, index) => `word${index} `)
    this.gemini.respond((request) => {
      asked = request
      // The first chunk is written as soon as the pause is over.
      const pause = new Promise<void>(resolve => setTimeout(() => {
        left = performance.now()
        resolve()
      }, 150))
      return { ...scenarios.text(pause, 'first ', ...words), gap: 5 }
    })
    let seen = 0
    for await (const { content } of this.client.ask(`question ${++this.serial}`, { userId: `user-${this.serial}` })) {
      if (!seen && content.includes('first')) seen = performance.now() - left
    }
    return { seen, span: asked!.closedAt! - left }
  }

  async stop() {
    await this.server.stop()
    await this.gemini.close()
  }
}
