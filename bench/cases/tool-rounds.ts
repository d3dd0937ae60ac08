import { performance } from 'node:perf_hooks'
import { WecomClient, createGemini, scenarios } from 'testkit'
import type { Gemini, GeminiRequest } from 'testkit'
import type { Report } from '../harness'
import { median } from '../harness'
import { ServerProcess } from '../harness/process'
import { AES_KEY, PATH, TOKEN } from '../servers/settings'

/** Questions with and without a round are asked in turns, as other load on the machine varies. */
const BATCHES = 7
const WARM_UP_BATCHES = 5
const QUESTIONS = 20

/** As many as are run at the same time. */
const CALLS = 8

/**
 * What a round of tools adds to an answer, apart from the model and the tools themselves. The target is for CPU time of
 * the instance, which other load does not change; the wall time is from the end of the response with the calls to the
 * request with their results.
 */
export async function toolRounds(report: Report) {
  const gemini = await createGemini()
  const server = await ServerProcess.start('chat', { baseUrl: gemini.url, hasTool: true })
  const client = new WecomClient({
    url: `http://127.0.0.1:${server.port}${PATH}`, token: TOKEN, encodingAESKey: AES_KEY, pollInterval: 20,
  })
  const questions = new Questions(gemini, server, client)
  try {
    for (let batch = 0; batch < WARM_UP_BATCHES; batch++) await questions.ask(CALLS)
    for (const [name, calls] of [['one call', 1], [`${CALLS} calls at a time`, CALLS]] as const) {
      const added: number[] = []
      const waits: number[] = []
      for (let batch = 0; batch < BATCHES; batch++) {
        const plain = await questions.ask(0)
        const withRound = await questions.ask(calls)
        added.push(withRound.cpu - plain.cpu)
        waits.push(...withRound.waits)
      }
      const detail = `${median(waits).toFixed(1)} ms of wall time`
      report.atMost(`CPU time added by a round of tools, ${name}, ms (median)`, median(added), 10, detail)
    }
  } finally {
    await server.stop()
    await gemini.close()
  }
}

class Questions {
  private serial = 0

  constructor(readonly gemini: Gemini, readonly server: ServerProcess, readonly client: WecomClient) {}

  /**
   * Asks a batch of questions.
   * @param calls how many tools the model calls before it answers
   * @returns milliseconds of CPU time per question, and of wall time for each round
   */
  async ask(calls: number): Promise<{ cpu: number, waits: number[] }> {
    const waits: number[] = []
    const { cpu: before } = await this.server.usage()
    for (let question = 0; question < QUESTIONS; question++) {
      const wait = await this.askOnce(calls)
      if (wait !== undefined) waits.push(wait)
    }
    const { cpu: after } = await this.server.usage()
    if (waits.length !== (calls ? QUESTIONS : 0)) throw new Error('the model was not asked again')
    return { cpu: (after - before) * 1000 / QUESTIONS, waits }
  }

  private async askOnce(calls: number): Promise<number | undefined> {
    let first: GeminiRequest | undefined
    let resumedAt: number | undefined
    const parts = Array.from({ length: calls }, (_, index) => {
      return { functionCall: { name: 'look_up', args: { what: `item ${index}` } } }
    })
    const answer = scenarios.text('done')
    if (calls) {
      this.gemini.respond((request) => {
        first = request
        return scenarios.text(...parts)
      }, () => {
        resumedAt = performance.now()
        return answer
      })
    } else this.gemini.respond(answer)
    for await (const { finish } of this.client.ask('question', { userId: `user-${this.serial++}` })) if (finish) break
    return resumedAt !== undefined && first?.closedAt !== undefined ? resumedAt - first.closedAt : undefined
  }
}
