import assert from 'node:assert/strict'
import type { Report } from '../harness'
import { Load, Server } from '../harness'
import { bubble, callback, message, poll } from '../harness/wecom'

/** `SOAK` messages, 100,000 unless told. */
const MESSAGES = Number(process.env.SOAK ?? 100_000)
const SAMPLES = 10
/** Bytes a message may leave behind; an id kept for ever would be more. */
const SLOPE = 20

/** Very many messages, each with a poll: the heap, measured when a tenth of their turns are gone, must not grow. */
export async function soak(report: Report) {
  const server = await Server.start('instance', { answer: 'pong', wecom: { retention: 1000, firstReply: 4000, freshness: 10_000 } })
  const load = await Load.open(server.port, 32)
  const heaps: number[] = []
  for (let sample = 0; sample <= SAMPLES; sample++) {
    let left = MESSAGES / SAMPLES
    // Not timed: each connection asks until all have been asked.
    await Promise.all(load.lines.map(async (line) => {
      while (left-- > 0) {
        const payload = message('ping')
        const { id, ...answer } = bubble((await line.ask(callback(payload))).body)
        const { content, finish } = bubble((await line.ask(callback(poll(id, payload)))).body)
        assert.deepEqual([answer.content, answer.finish, content, finish], ['pong', true, 'pong', true])
      }
    }))
    await until(async () => !await server.ask<number>('turns'))
    heaps.push(await server.ask('heap'))
  }
  load.close()
  await server.stop()
  // The first sample warms up: what the instance keeps once and for all is in it.
  const slope = incline(heaps.slice(1)) / (MESSAGES / SAMPLES)
  const megabytes = heaps.map(heap => (heap / 1048576).toFixed(1)).join(', ')
  const name = `${MESSAGES.toLocaleString('en')} messages and as many polls, bytes of heap left by each`
  report.atMost(name, slope, SLOPE, `${megabytes} MB`)
}

/** Slope of the line that fits best. */
function incline(values: number[]): number {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((sum, value) => sum + value) / values.length
  const rise = values.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0)
  return rise / values.reduce((sum, _, index) => sum + (index - middle) ** 2, 0)
}

async function until(isDone: () => Promise<boolean>) {
  for (let tries = 0; !await isDone(); tries++) {
    if (tries > 300) throw new Error('turns are left long after their time')
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
