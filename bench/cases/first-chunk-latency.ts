import type { Report } from '../harness'
import { median } from '../harness'
import { Chain } from './end-to-end'

const ROUNDS = 40

/** From the model's first chunk leaving the stand-in to a poll that shows it; polls come every few milliseconds. */
export async function chunk(report: Report) {
  const chain = await Chain.start()
  const delays: number[] = []
  const spans: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const { seen, span } = await chain.measure()
    delays.push(seen)
    spans.push(span)
  }
  await chain.stop()
  report.atMost('first chunk visible to a poll, ms (median)', median(delays), 30, `slowest ${Math.round(Math.max(...delays))} ms`)
  // 40 chunks with 5 ms between them take about 200 ms from a model that nobody holds back.
  report.atMost('40 chunks, 5 ms apart, left the model within ms (median)', median(spans), 400)
}
