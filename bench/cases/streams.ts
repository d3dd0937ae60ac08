import assert from 'node:assert/strict'
import type { Report } from '../harness'
import { Line, Load, Server } from '../harness'
import { PEOPLE, bubble, callback, message, poll } from '../harness/wecom'

const STREAMS = 2000

/** Two thousand streams open at once, each with some text, polled all the time, and then forgotten. */
export async function streams(report: Report) {
  const server = await Server.start('instance', {
    answer: 'hold',
    wecom: { firstReply: 0, retention: 2000, unclaimed: 3000, maxTurns: STREAMS, maxUserTurns: STREAMS / PEOPLE },
  })
  const line = await Line.open(server.port)
  await line.ask(callback(message('warm up')))
  const before = await server.ask<number>('heap')
  const polls: Buffer[] = []
  while (polls.length < STREAMS - 1) {
    const payload = message('hello')
    const { id } = bubble((await line.ask(callback(payload))).body)
    polls.push(callback(poll(id, payload)))
  }
  line.close()
  const each = (await server.ask<number>('heap') - before) / polls.length
  report.atMost('memory of an open stream, KB', each / 1024, 64)

  let index = 0
  const load = await Load.open(server.port, 32)
  const next = () => polls[index++ % polls.length]
  const { p99, rate } = await load.run(5000, next, ({ status }) => assert.equal(status, 200))
  load.close()
  report.atMost('p99 of a poll, ms', p99, 50, `${Math.round(rate)} polls/s with ${STREAMS} streams open`)

  await server.ask('release')
  const last = await Line.open(server.port)
  for (const request of polls) await last.ask(request)
  last.close()
  await new Promise(resolve => setTimeout(resolve, 6000))
  report.atMost('turns left after their time', await server.ask<number>('turns'), 0)
  await server.stop()
}
