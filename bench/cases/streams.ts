import assert from 'node:assert/strict'
import type { Report } from '../harness'
import { Connection, Load, ServerProcess } from '../harness'
import { USER_COUNT, encodeRequest, pollMessage, replyStream, textMessage } from '../harness/wecom'

const STREAMS = 2000

/** 2,000 open streams with some text each: memory, latency of polls, and expiry. */
export async function streams(report: Report) {
  const server = await ServerProcess.start('instance', {
    answer: 'hold',
    wecom: { firstReply: 0, retention: 2000, unclaimed: 3000, maxTurns: STREAMS, maxUserTurns: STREAMS / USER_COUNT },
  })
  const opening = await Connection.open(server.port)
  await opening.request(encodeRequest(textMessage('warm up')))
  const before = await server.call<number>('heap')
  const polls: Buffer[] = []
  while (polls.length < STREAMS - 1) {
    const payload = textMessage('hello')
    const { id } = replyStream((await opening.request(encodeRequest(payload))).body)
    polls.push(encodeRequest(pollMessage(id, payload)))
  }
  opening.close()
  const perStream = (await server.call<number>('heap') - before) / polls.length
  report.atMost('memory per open stream, KB', perStream / 1024, 64)

  let index = 0
  const load = await Load.open(server.port, 32)
  const nextRequest = () => polls[index++ % polls.length]
  const { p99, rate } = await load.run(5000, nextRequest, ({ status }) => assert.equal(status, 200))
  load.close()
  report.atMost('p99 of a poll, ms', p99, 50, `${Math.round(rate)} polls/s with ${STREAMS} open streams`)

  await server.call('release')
  const closing = await Connection.open(server.port)
  for (const request of polls) await closing.request(request)
  closing.close()
  await new Promise(resolve => setTimeout(resolve, 6000))
  report.atMost('turns left after their expiry', await server.call<number>('turns'), 0)
  await server.stop()
}
