import { createGemini, createSocks, scenarios } from 'testkit'
import type { Report } from '../harness'
import { ServerProcess, median } from '../harness'

const ROUND_TRIP_MS = 80
const ROUNDS = 12

/** A request through a distant SOCKS proxy with a warm connection, compared with a direct one. */
export async function proxy(report: Report) {
  const gemini = await createGemini({ tls: true, host: 'gemini.test' })
  gemini.respond(scenarios.text('answer'))
  const socks = await createSocks({ delay: ROUND_TRIP_MS, hosts: { 'gemini.test': '127.0.0.1' } })
  const direct = await ServerProcess.start('engine', {
    baseUrl: gemini.url.replace('gemini.test', 'localhost'), ca: gemini.ca,
  })
  const proxied = await ServerProcess.start('engine', { baseUrl: gemini.url, ca: gemini.ca, proxy: socks.url })
  const request = (engine: ServerProcess) => engine.call<number>('request')

  const first = await request(proxied)
  await request(direct)
  const directTimes: number[] = []
  const proxiedTimes: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    directTimes.push(await request(direct))
    proxiedTimes.push(await request(proxied))
  }
  await Promise.all([direct.stop(), proxied.stop()])
  await socks.close()
  await gemini.close()
  const roundTrips = (median(proxiedTimes) - median(directTimes)) / ROUND_TRIP_MS
  report.atMost('round trips added by a SOCKS proxy to a warm request', roundTrips, 1.5, [
    `direct ${median(directTimes).toFixed(1)} ms`,
    `proxied ${median(proxiedTimes).toFixed(1)} ms`,
    `first proxied ${first.toFixed(0)} ms`,
  ].join(', '))
}
