import assert from 'node:assert/strict'
import type { Report } from '../harness'
import { Load, ServerProcess, linearSlope } from '../harness'
import { encodeRequest, pollMessage, replyStream, textMessage } from '../harness/wecom'

/** Set by the environment variable `SOAK`. */
const MESSAGES = Number(process.env.SOAK ?? 100_000)
const SAMPLES = 10
/** Less than a message id takes, so that a leak of ids is noticed. */
const MAX_BYTES_PER_MESSAGE = 20

/** Many messages with one poll each. Between samples all turns expire, and the heap must not grow. */
export async function soak(report: Report) {
  const wecom = { retention: 1000, firstReply: 4000, freshness: 10_000 }
  const server = await ServerProcess.start('instance', { answer: 'pong', wecom })
  const load = await Load.open(server.port, 32)
  const heaps: number[] = []
  for (let sample = 0; sample <= SAMPLES; sample++) {
    let left = MESSAGES / SAMPLES
    await Promise.all(load.connections.map(async (connection) => {
      while (left-- > 0) {
        const payload = textMessage('ping')
        const { id, ...answer } = replyStream((await connection.request(encodeRequest(payload))).body)
        const poll = encodeRequest(pollMessage(id, payload))
        const { content, finish } = replyStream((await connection.request(poll)).body)
        assert.deepEqual([answer.content, answer.finish, content, finish], ['pong', true, 'pong', true])
      }
    }))
    await until(async () => !await server.call<number>('turns'))
    heaps.push(await server.call('heap'))
  }
  load.close()
  await server.stop()
  // The first sample is the warm-up: it contains what the instance allocates once.
  const slope = linearSlope(heaps.slice(1)) / (MESSAGES / SAMPLES)
  const megabytes = heaps.map(heap => (heap / 1048576).toFixed(1)).join(', ')
  const name = `${MESSAGES.toLocaleString('en')} messages with one poll each, bytes of heap left per message`
  report.atMost(name, slope, MAX_BYTES_PER_MESSAGE, `${megabytes} MB`)
}

async function until(isDone: () => Promise<boolean>) {
  for (let tries = 0; !await isDone(); tries++) {
    if (tries > 300) throw new Error('turns have not expired within 30 seconds')
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
