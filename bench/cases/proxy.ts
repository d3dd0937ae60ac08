import { performance } from 'node:perf_hooks'
import { createGemini, createSocks, scenarios } from 'testkit'
import { createGeminiEngine } from '../../plugins/gemini-chat/src/engine/gemini'
import type { Report } from '../harness'
import { median } from '../harness'

/** Milliseconds to the proxy and back. */
const ROUND_TRIP = 80
const ROUNDS = 12

/** A turn through a distant SOCKS proxy, when its connection is warm, beside the same turn without one. */
export async function proxy(report: Report) {
  const gemini = await createGemini({ tls: true, host: 'gemini.test' })
  gemini.respond(scenarios.text('answer'))
  const socks = await createSocks({ delay: ROUND_TRIP, hosts: { 'gemini.test': '127.0.0.1' } })
  const limits = { firstByteTimeout: 10_000, idleTimeout: 10_000, totalTimeout: 20_000, ca: gemini.ca }
  const direct = createGeminiEngine({ ...limits, baseUrl: gemini.url.replace('gemini.test', 'localhost') })
  const distant = createGeminiEngine({ ...limits, baseUrl: gemini.url, proxy: socks.url })

  async function turn(engine: typeof direct): Promise<number> {
    const began = performance.now()
    const request = { model: 'gemini-3.8-flash', contents: [{ role: 'user' as const, parts: [{ text: 'hello' }] }] }
    for await (const event of engine.stream(request, { key: 'bench', signal: new AbortController().signal })) {
      if (event.type === 'end') break
    }
    return performance.now() - began
  }

  const cold = await turn(distant)
  await turn(direct)
  const near: number[] = []
  const far: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    near.push(await turn(direct))
    far.push(await turn(distant))
  }
  for (const engine of [direct, distant]) engine.dispose()
  await socks.close()
  await gemini.close()
  const trips = (median(far) - median(near)) / ROUND_TRIP
  report.atMost('round trips that a SOCKS proxy adds to a warm turn', trips, 1.5, [
    `direct ${median(near).toFixed(1)} ms`, `proxied ${median(far).toFixed(1)} ms`, `first one ${cold.toFixed(0)} ms`,
  ].join(', '))
}
