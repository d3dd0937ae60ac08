import type { Report } from '../harness'
import { median } from '../harness'
import { EndToEnd } from '../harness/end-to-end'

const ROUNDS = 40

/** From the model's first chunk to a poll that returns it, with polls every few milliseconds. */
export async function firstChunkLatency(report: Report) {
  const path = await EndToEnd.start()
  const firstChunks: number[] = []
  const streams: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const { firstChunk, stream } = await path.measure()
    firstChunks.push(firstChunk)
    streams.push(stream)
  }
  await path.stop()
  const slowest = `slowest ${Math.round(Math.max(...firstChunks))} ms`
  report.atMost('first chunk visible to a poll, ms (median)', median(firstChunks), 20, slowest)
  // Without back-pressure, 40 chunks 5 ms apart take about 200 ms.
  report.atMost('40 chunks, 5 ms apart, sent by the model within ms (median)', median(streams), 400)
}
