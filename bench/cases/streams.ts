import assert from 'node:assert/strict'
import type { Report } from '../harness'
import { Connection, Load, ServerProcess } from '../harness'
import type { ProcessUsage } from '../servers/child'
import { USER_COUNT, encodeRequest, pollMessage, replyStream, textMessage } from '../harness/wecom'

const STREAMS = 10_000
const CONNECTIONS = 16
/** Turns expire within five seconds after they have ended, and so many end one after another. */
const EXPIRY_TIMEOUT_MS = 30_000

/** 10,000 open streams with some text each: time to open them, memory, latency of polls, and expiry. */
export async function streams(report: Report) {
  const server = await ServerProcess.start('instance', {
    answer: 'hold',
    wecom: { firstReply: 0, retention: 2000, unclaimed: 3000, maxTurns: STREAMS, maxUserTurns: STREAMS / USER_COUNT },
  })
  const opening = await Load.open(server.port, CONNECTIONS)
  await opening.connections[0]!.request(encodeRequest(textMessage('warm up')))
  const heapBefore = await server.call<number>('heap')
  const { cpu: cpuBefore } = await server.call<ProcessUsage>('usage')
  const polls: Buffer[] = []
  let left = STREAMS - 1
  await Promise.all(opening.connections.map(async (connection) => {
    while (left-- > 0) {
      const payload = textMessage('hello')
      const { id } = replyStream((await connection.request(encodeRequest(payload))).body)
      polls.push(encodeRequest(pollMessage(id, payload)))
    }
  }))
  opening.close()
  // In a burst, messages are received first and answered afterwards.
  while (await server.call<number>('held') < STREAMS) await new Promise(resolve => setTimeout(resolve, 100))
  const { cpu } = await server.call<ProcessUsage>('usage')
  report.atMost(`CPU time to open ${STREAMS} streams, s`, cpu - cpuBefore, 20)
  const perStream = (await server.call<number>('heap') - heapBefore) / polls.length
  report.atMost('memory per open stream with its text, KB', perStream / 1024, 8)

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
  let turns = await server.call<number>('turns')
  for (const start = performance.now(); turns && performance.now() - start < EXPIRY_TIMEOUT_MS;) {
    await new Promise(resolve => setTimeout(resolve, 500))
    turns = await server.call<number>('turns')
  }
  report.atMost('turns left after their expiry', turns, 0)
  await server.stop()
}
